-- Customers with an account, in the words of the analytics report of customers.
SELECT trim(concat_ws(' ', (doc->>'$.first_name'), (doc->>'$.last_name'))) AS "Name",
       (doc->>'$.id') AS "Customer User ID",
       (doc->>'$.date_created_gmt') || 'Z' AS "Date registered",
       (doc->>'$.email') AS "Email",
       NULL::VARCHAR AS "Orders",
       NULL::VARCHAR AS "Total Spend",
       (doc->>'$.billing.country') AS "Country",
       (doc->>'$.billing.state') AS "Region",
       (doc->>'$.billing.city') AS "City"
FROM {customers}
WHERE (doc->>'$.role') IS DISTINCT FROM 'administrator'
ORDER BY (doc->>'$.id')::BIGINT
