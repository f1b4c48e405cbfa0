-- Every id a customer is known by, and since when.
WITH seen AS ({seen})
SELECT customer_key, entry.system AS system, entry.external_id AS external_id, min(seen_at) AS since, NULL::TIMESTAMP AS until
FROM (
    SELECT customer_key, seen_at, unnest([
               {'system': 'email', 'external_id': email}, {'system': 'phone', 'external_id': phone},
               {'system': system, 'external_id': customer_id}]) AS entry
    FROM seen WHERE customer_key IS NOT NULL
)
WHERE entry.external_id IS NOT NULL
GROUP BY ALL
