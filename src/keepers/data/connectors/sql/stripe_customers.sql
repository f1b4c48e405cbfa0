-- Stripe's customers export, without the sums that it makes of payments.
SELECT key AS "id",
       (doc->>'$.email') AS "Email",
       (doc->>'$.name') AS "Name",
       (doc->>'$.phone') AS "Phone",
       (doc->>'$.description') AS "Description",
       strftime(make_timestamp((doc->>'$.created')::BIGINT * 1000000), '%Y-%m-%d %H:%M:%S') AS "Created (UTC)",
       (doc->>'$.address.country') AS "Address Country",
       upper(doc->>'$.currency') AS "Currency",
       NULL::VARCHAR AS "Total Spend"
FROM {customers}
WHERE coalesce(doc->>'$.deleted', 'false') <> 'true'
ORDER BY "Created (UTC)", key
