-- Who opened, clicked and left, by letter.
SELECT (doc->>'$.email') AS "Email",
       (doc->>'$.action') AS "Event",
       (doc->>'$.at') AS "Timestamp",
       (doc->>'$.campaign') AS "Campaign"
FROM {acts}
ORDER BY "Timestamp", "Email", "Event"
