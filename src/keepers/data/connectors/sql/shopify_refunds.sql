-- When money went back, as Shopify's payment transactions export has it: the orders export does not say when. What of it is
-- revenue: the articles that came back, as the order counted them; in proportion where more or less than that was given,
-- and with as much tax as the order where no articles came back.
WITH refunds AS (
    SELECT doc, unnest((doc->'$.refunds')::JSON[]) AS refund
    FROM {orders}
    WHERE NOT coalesce((doc->>'$.test')::BOOLEAN, false) AND json_array_length(doc->'$.refunds') > 0
),
amounts AS (
    SELECT *, (refund->>'$.totalRefundedSet.shopMoney.amount')::DECIMAL(18, 4) AS amount,
           (refund->'$.refundLineItems.nodes')::JSON[] AS lines, coalesce((refund->'$.refundShippingLines.nodes')::JSON[], []) AS postage,
           coalesce((doc->>'$.taxesIncluded')::BOOLEAN, false) AS inside,
           (doc->>'$.totalPriceSet.shopMoney.amount')::DECIMAL(18, 4) AS charged, (doc->>'$.totalTaxSet.shopMoney.amount')::DECIMAL(18, 4) AS tax
    FROM refunds
),
sums AS (
    SELECT *, coalesce(list_sum(list_transform(lines, lambda l: (l->>'$.subtotalSet.shopMoney.amount')::DECIMAL(18, 4))), 0) AS goods,
           coalesce(list_sum(list_transform(lines, lambda l: (l->>'$.totalTaxSet.shopMoney.amount')::DECIMAL(18, 4))), 0) AS goods_tax,
           coalesce(list_sum(list_transform(postage, lambda l: (l->>'$.subtotalAmountSet.shopMoney.amount')::DECIMAL(18, 4))), 0) AS shipping,
           coalesce(list_sum(list_transform(postage, lambda l: (l->>'$.taxAmountSet.shopMoney.amount')::DECIMAL(18, 4))), 0) AS shipping_tax
    FROM amounts
),
told AS (
    SELECT *, goods + shipping + CASE WHEN inside THEN 0 ELSE goods_tax + shipping_tax END AS reckoned,
           coalesce((refund->>'$.refundLineItems.pageInfo.hasNextPage') = 'false', false) AND goods + shipping > 0 AS itemised
    FROM sums
),
valued AS (
    SELECT *, CASE WHEN itemised AND (abs(amount - reckoned) < 0.02 OR inside AND abs(amount - reckoned - shipping_tax) < 0.02) THEN goods
                   WHEN itemised THEN (amount::DOUBLE * goods / nullif(reckoned, 0))::DECIMAL(18, 4)
                   WHEN tax > 0 AND charged > tax AND NOT inside THEN (amount::DOUBLE * (charged - tax) / charged)::DECIMAL(18, 4)
                   ELSE amount END AS revenue
    FROM told
)
SELECT (refund->>'$.createdAt') AS "Transaction Date",
       'refund' AS "Type",
       (doc->>'$.name') AS "Order",
       'online' AS "Card Source",
       '-' || (refund->>'$.totalRefundedSet.shopMoney.amount') AS "Amount",
       (-revenue)::VARCHAR AS "Net Amount Refunded",
       (doc->>'$.currencyCode') AS "Currency"
FROM valued
WHERE amount > 0
ORDER BY "Transaction Date", "Order"
