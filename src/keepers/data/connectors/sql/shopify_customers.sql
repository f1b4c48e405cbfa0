-- Shopify's customers export.
SELECT regexp_extract(doc->>'$.id', '[0-9]+$') AS "Customer ID",
       (doc->>'$.firstName') AS "First Name",
       (doc->>'$.lastName') AS "Last Name",
       (doc->>'$.defaultEmailAddress.emailAddress') AS "Email",
       CASE WHEN (doc->>'$.defaultEmailAddress.marketingState') = 'SUBSCRIBED' THEN 'yes' ELSE 'no' END AS "Accepts Email Marketing",
       (doc->>'$.defaultAddress.company') AS "Default Address Company",
       (doc->>'$.defaultAddress.city') AS "Default Address City",
       (doc->>'$.defaultAddress.provinceCode') AS "Default Address Province Code",
       (doc->>'$.defaultAddress.countryCodeV2') AS "Default Address Country Code",
       (doc->>'$.defaultAddress.phone') AS "Default Address Phone",
       (doc->>'$.defaultPhoneNumber.phoneNumber') AS "Phone",
       CASE WHEN (doc->>'$.defaultPhoneNumber.marketingState') = 'SUBSCRIBED' THEN 'yes' ELSE 'no' END AS "Accepts SMS Marketing",
       (doc->>'$.amountSpent.amount') AS "Total Spent",
       (doc->>'$.numberOfOrders') AS "Total Orders",
       array_to_string((doc->'$.tags')::VARCHAR[], ', ') AS "Tags"
FROM {customers}
ORDER BY "Customer ID"
