-- One row a line, the order's values on every row, as the Advanced Order Export has them.
WITH lines AS (
    SELECT doc, unnest(CASE WHEN json_array_length(doc->'$.line_items') > 0 THEN (doc->'$.line_items')::JSON[] ELSE [NULL::JSON] END) AS line,
           unnest(range(greatest(json_array_length(doc->'$.line_items'), 1)::BIGINT)) AS place
    FROM {orders}
    WHERE (doc->>'$.status') NOT IN ('checkout-draft', 'auto-draft', 'trash')
)
SELECT (doc->>'$.number') AS "Order Number",
       (doc->>'$.status') AS "Order Status",
       (doc->>'$.date_created_gmt') || 'Z' AS "Order Date",
       (doc->>'$.date_paid_gmt') || 'Z' AS "Paid Date",
       (doc->>'$.customer_id') AS "Customer User ID",
       (doc->>'$.billing.first_name') AS "First Name (Billing)",
       (doc->>'$.billing.last_name') AS "Last Name (Billing)",
       (doc->>'$.billing.email') AS "Email (Billing)",
       (doc->>'$.billing.phone') AS "Phone (Billing)",
       (doc->>'$.billing.country') AS "Country Code (Billing)",
       (doc->>'$.shipping.country') AS "Country Code (Shipping)",
       (line->>'$.sku') AS "SKU",
       (line->>'$.name') AS "Name",
       (line->>'$.quantity') AS "Quantity",
       (line->>'$.price') AS "Item Cost",
       (line->>'$.total') AS "Order Line (w/o tax)",
       array_to_string(list_transform((doc->'$.coupon_lines')::JSON[], lambda c: (c->>'$.code')), ', ') AS "Coupons Used",
       (doc->>'$.discount_total') AS "Cart Discount Amount",
       (doc->>'$.total_tax') AS "Order Tax Amount",
       (doc->>'$.shipping_total') AS "Order Shipping Amount",
       (doc->>'$.total') AS "Order Total Amount",
       (doc->>'$.currency') AS "Currency"
FROM lines
ORDER BY "Order Date", (doc->>'$.id')::BIGINT, place
