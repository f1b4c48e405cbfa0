-- When money went back, as Shopify's payment transactions export has it: the orders export does not say when.
WITH refunds AS (
    SELECT doc, unnest((doc->'$.refunds')::JSON[]) AS refund
    FROM {orders}
    WHERE NOT coalesce((doc->>'$.test')::BOOLEAN, false) AND json_array_length(doc->'$.refunds') > 0
)
SELECT (refund->>'$.createdAt') AS "Transaction Date",
       'refund' AS "Type",
       (doc->>'$.name') AS "Order",
       'online' AS "Card Source",
       '-' || (refund->>'$.totalRefundedSet.shopMoney.amount') AS "Amount",
       (doc->>'$.currencyCode') AS "Currency"
FROM refunds
WHERE (refund->>'$.totalRefundedSet.shopMoney.amount')::DOUBLE > 0
ORDER BY "Transaction Date", "Order"
