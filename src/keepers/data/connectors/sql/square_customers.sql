-- Square's export of the customer directory.
SELECT key AS "Square Customer ID",
       (doc->>'$.reference_id') AS "Reference ID",
       (doc->>'$.given_name') AS "First Name",
       (doc->>'$.family_name') AS "Last Name",
       (doc->>'$.email_address') AS "Email Address",
       (doc->>'$.phone_number') AS "Phone Number",
       (doc->>'$.company_name') AS "Company Name",
       (doc->>'$.address.locality') AS "City",
       (doc->>'$.address.administrative_district_level_1') AS "State",
       (doc->>'$.address.country') AS "Country",
       (doc->>'$.created_at') AS "Creation Date",
       CASE WHEN (doc->>'$.preferences.email_unsubscribed') = 'true' THEN 'Unsubscribed' END AS "Email Subscription Status"
FROM {customers}
ORDER BY key
