{{ config(materialized="table") }}
select 1 as id, 'open' as status
union all
select 1 as id, 'lost' as status
