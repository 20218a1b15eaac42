make serve &      # needs Python 3.11 or newer and make; the first time takes half a minute: wait for "Ready."
curl -s localhost:4070/secoda/api/v1/integration/integrations -H 'Authorization: Bearer secoda-token'
