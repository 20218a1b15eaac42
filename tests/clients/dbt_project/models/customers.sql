{{ config(materialized="table") }}
select 1 as id, cast(null as varchar) as name
