-- One row a line, the order's own values on its first row, as Shopify's orders export has them.
WITH lines AS (
    SELECT doc, unnest(CASE WHEN json_array_length(doc->'$.lineItems.nodes') > 0 THEN (doc->'$.lineItems.nodes')::JSON[] ELSE [NULL::JSON] END) AS line,
           unnest(range(greatest(json_array_length(doc->'$.lineItems.nodes'), 1)::BIGINT)) AS place
    FROM {orders}
    WHERE NOT coalesce((doc->>'$.test')::BOOLEAN, false)
)
SELECT (doc->>'$.name') AS "Name",
       coalesce(doc->>'$.email', (doc->>'$.customer.email')) AS "Email",
       CASE WHEN place = 0 THEN lower(doc->>'$.displayFinancialStatus') END AS "Financial Status",
       CASE WHEN place = 0 THEN (doc->>'$.currencyCode') END AS "Currency",
       CASE WHEN place = 0 THEN (doc->>'$.subtotalPriceSet.shopMoney.amount') END AS "Subtotal",
       CASE WHEN place = 0 THEN (doc->>'$.totalShippingPriceSet.shopMoney.amount') END AS "Shipping",
       CASE WHEN place = 0 THEN (doc->>'$.totalTaxSet.shopMoney.amount') END AS "Taxes",
       CASE WHEN place = 0 THEN (doc->>'$.totalPriceSet.shopMoney.amount') END AS "Total",
       CASE WHEN place = 0 THEN array_to_string((doc->'$.discountCodes')::VARCHAR[], ', ') END AS "Discount Code",
       CASE WHEN place = 0 THEN (doc->>'$.totalDiscountsSet.shopMoney.amount') END AS "Discount Amount",
       CASE WHEN place = 0 THEN (doc->>'$.createdAt') END AS "Created at",
       CASE WHEN place = 0 THEN (doc->>'$.cancelledAt') END AS "Cancelled at",
       CASE WHEN place = 0 THEN (doc->>'$.totalRefundedSet.shopMoney.amount') END AS "Refunded Amount",
       (line->>'$.quantity') AS "Lineitem quantity",
       (line->>'$.name') AS "Lineitem name",
       (line->>'$.originalUnitPriceSet.shopMoney.amount') AS "Lineitem price",
       (line->>'$.totalDiscountSet.shopMoney.amount') AS "Lineitem discount",
       (line->>'$.sku') AS "Lineitem sku",
       (line->>'$.vendor') AS "Vendor",
       CASE WHEN place = 0 THEN (doc->>'$.billingAddress.name') END AS "Billing Name",
       CASE WHEN place = 0 THEN (doc->>'$.billingAddress.countryCodeV2') END AS "Billing Country",
       CASE WHEN place = 0 THEN (doc->>'$.billingAddress.phone') END AS "Billing Phone",
       CASE WHEN place = 0 THEN (doc->>'$.shippingAddress.name') END AS "Shipping Name",
       CASE WHEN place = 0 THEN (doc->>'$.shippingAddress.countryCodeV2') END AS "Shipping Country",
       CASE WHEN place = 0 THEN (doc->>'$.shippingAddress.phone') END AS "Shipping Phone",
       CASE WHEN place = 0 THEN coalesce(doc->>'$.phone', (doc->>'$.customer.phone')) END AS "Phone",
       CASE WHEN place = 0 THEN (doc->>'$.sourceName') END AS "Source",
       CASE WHEN place = 0 THEN regexp_extract(doc->>'$.customer.id', '[0-9]+$') END AS "Customer ID",
       CASE WHEN place = 0 THEN regexp_extract(doc->>'$.id', '[0-9]+$') END AS "Id"
FROM lines
ORDER BY (doc->>'$.createdAt'), (doc->>'$.id'), place
