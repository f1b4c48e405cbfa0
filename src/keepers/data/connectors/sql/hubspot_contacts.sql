-- HubSpot's contacts export.
WITH people AS (
    SELECT (doc->>'$.id') AS owner, trim(concat_ws(' ', (doc->>'$.firstName'), (doc->>'$.lastName'))) AS name FROM {owners}
)
SELECT key AS "Record ID",
       (doc->>'$.properties.firstname') AS "First Name",
       (doc->>'$.properties.lastname') AS "Last Name",
       (doc->>'$.properties.email') AS "Email",
       coalesce(doc->>'$.properties.phone', (doc->>'$.properties.mobilephone')) AS "Phone Number",
       (doc->>'$.properties.company') AS "Company Name",
       (doc->>'$.properties.associatedcompanyid') AS "Associated Company IDs",
       coalesce(p.name, (doc->>'$.properties.hubspot_owner_id')) AS "Contact owner",
       (doc->>'$.properties.lifecyclestage') AS "Lifecycle Stage",
       (doc->>'$.properties.hs_lead_status') AS "Lead Status",
       (doc->>'$.properties.hs_analytics_source') AS "Original Source",
       (doc->>'$.properties.createdate') AS "Create Date",
       (doc->>'$.properties.country') AS "Country/Region"
FROM {contacts} c LEFT JOIN people p ON p.owner = (c.doc->>'$.properties.hubspot_owner_id')
WHERE coalesce(doc->>'$.archived', 'false') <> 'true'
ORDER BY key
