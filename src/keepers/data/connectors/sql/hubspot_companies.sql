-- HubSpot's companies export.
WITH people AS (
    SELECT (doc->>'$.id') AS owner, trim(concat_ws(' ', (doc->>'$.firstName'), (doc->>'$.lastName'))) AS name FROM {owners}
)
SELECT key AS "Record ID",
       (doc->>'$.properties.name') AS "Company name",
       (doc->>'$.properties.domain') AS "Company Domain Name",
       coalesce(p.name, (doc->>'$.properties.hubspot_owner_id')) AS "Company owner",
       (doc->>'$.properties.industry') AS "Industry",
       (doc->>'$.properties.country') AS "Country/Region",
       (doc->>'$.properties.createdate') AS "Create Date"
FROM {companies} c LEFT JOIN people p ON p.owner = (c.doc->>'$.properties.hubspot_owner_id')
WHERE coalesce(doc->>'$.archived', 'false') <> 'true'
ORDER BY key
