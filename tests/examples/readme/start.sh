make serve &      # Python 3.11 or newer and make are all it needs; the first time takes a minute or two: wait for "Ready."
curl -s localhost:4070/paradime/graphql -H 'X-API-KEY: paradime-key' -H 'X-API-SECRET: paradime-secret' -H 'Content-Type: application/json' -d '{"query": "{listCustomIntegrations {ok integrations {uid name}}}"}'
curl -s localhost:4070/secoda/api/v1/integration/integrations -H 'Authorization: Bearer secoda-token'
curl -s localhost:4070/immuta/dictionary/1 -H 'Authorization: Bearer immuta-token'
curl -s localhost:4070/celigo/v1/integrations -H 'Authorization: Bearer celigo-token'
