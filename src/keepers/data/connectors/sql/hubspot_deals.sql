-- HubSpot's deals export. A closed stage is called won or lost, whatever the team calls it.
WITH people AS (
    SELECT (doc->>'$.id') AS owner, trim(concat_ws(' ', (doc->>'$.firstName'), (doc->>'$.lastName'))) AS name FROM {owners}
),
stages AS (
    SELECT (stage->>'$.id') AS stage, any_value(pipeline) AS pipeline, any_value(CASE
               WHEN (stage->>'$.metadata.isClosed') = 'true' AND (stage->>'$.metadata.probability')::DOUBLE = 1 THEN 'Closed Won'
               WHEN (stage->>'$.metadata.isClosed') = 'true' THEN 'Closed Lost'
               ELSE (stage->>'$.label') END) AS label
    FROM (SELECT (doc->>'$.label') AS pipeline, unnest((doc->'$.stages')::JSON[]) AS stage FROM {pipelines}) GROUP BY 1
)
SELECT key AS "Record ID",
       (doc->>'$.properties.dealname') AS "Deal Name",
       coalesce(s.label, (doc->>'$.properties.dealstage')) AS "Deal Stage",
       s.pipeline AS "Pipeline",
       (doc->>'$.properties.amount') AS "Amount",
       (doc->>'$.properties.deal_currency_code') AS "Currency",
       (doc->>'$.properties.closedate') AS "Close Date",
       (doc->>'$.properties.createdate') AS "Create Date",
       coalesce(p.name, (doc->>'$.properties.hubspot_owner_id')) AS "Deal owner",
       nullif(array_to_string((doc->'$.belonging.companies')::VARCHAR[], ';'), '') AS "Associated Company IDs",
       nullif(array_to_string((doc->'$.belonging.contacts')::VARCHAR[], ';'), '') AS "Associated Contact IDs",
       (doc->>'$.properties.hs_analytics_source') AS "Original Source"
FROM {deals} d
LEFT JOIN stages s ON s.stage = (d.doc->>'$.properties.dealstage')
LEFT JOIN people p ON p.owner = (d.doc->>'$.properties.hubspot_owner_id')
WHERE coalesce(doc->>'$.archived', 'false') <> 'true'
ORDER BY key
