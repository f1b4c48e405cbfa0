-- Who opened, clicked and left, by letter.
WITH events AS (
    SELECT key, doc, 'open' AS kind FROM {opened}
    UNION ALL
    SELECT key, doc, 'click' FROM {clicked}
    UNION ALL
    SELECT key, doc, 'unsubscribe' FROM {left}
)
SELECT (p.doc->>'$.attributes.email') AS "Email",
       e.kind AS "Event",
       (e.doc->>'$.attributes.datetime') AS "Timestamp",
       coalesce(e.doc->>'$.attributes.event_properties."Campaign Name"', (e.doc->>'$.attributes.event_properties.Subject')) AS "Campaign"
FROM events e JOIN {profiles} p ON p.key = (e.doc->>'$.relationships.profile.data.id')
WHERE (p.doc->>'$.attributes.email') IS NOT NULL
ORDER BY "Timestamp", e.key
