-- Mailchimp's export of an audience: who joined, and who left since.
SELECT (doc->>'$.email_address') AS "Email Address",
       nullif(doc->>'$.merge_fields.FNAME', '') AS "First Name",
       nullif(doc->>'$.merge_fields.LNAME', '') AS "Last Name",
       nullif(doc->>'$.merge_fields.PHONE', '') AS "Phone Number",
       (doc->>'$.member_rating') AS "MEMBER_RATING",
       nullif(doc->>'$.timestamp_signup', '') AS "OPTIN_TIME",
       coalesce(nullif(doc->>'$.timestamp_opt', ''), nullif(doc->>'$.timestamp_signup', ''), (doc->>'$.last_changed')) AS "CONFIRM_TIME",
       CASE WHEN (doc->>'$.status') IN ('unsubscribed', 'cleaned') THEN (doc->>'$.last_changed') END AS "UNSUB_TIME",
       nullif(doc->>'$.location.country_code', '') AS "CC",
       nullif(doc->>'$.location.region', '') AS "REGION",
       array_to_string(list_transform((doc->'$.tags')::JSON[], lambda t: (t->>'$.name')), ', ') AS "TAGS"
FROM {members}
-- Those who have not confirmed, and those who got receipts only, never joined.
WHERE (doc->>'$.status') NOT IN ('pending', 'transactional')
ORDER BY 1
