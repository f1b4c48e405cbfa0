-- Profiles as a list of customers.
SELECT (doc->>'$.attributes.email') AS "Email",
       (doc->>'$.attributes.first_name') AS "First Name",
       (doc->>'$.attributes.last_name') AS "Last Name",
       (doc->>'$.attributes.phone_number') AS "Phone Number",
       (doc->>'$.attributes.organization') AS "Company",
       (doc->>'$.attributes.location.city') AS "City",
       (doc->>'$.attributes.location.region') AS "Region",
       (doc->>'$.attributes.location.country') AS "Country",
       (doc->>'$.attributes.created') AS "Created at",
       CASE (doc->>'$.attributes.subscriptions.email.marketing.consent') WHEN 'SUBSCRIBED' THEN 'yes' WHEN 'UNSUBSCRIBED' THEN 'no' END AS "Accepts Marketing"
FROM {profiles}
WHERE coalesce(doc->>'$.attributes.email', (doc->>'$.attributes.phone_number')) IS NOT NULL
ORDER BY key
