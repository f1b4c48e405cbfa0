-- Refunds without a day of their own, without an order, and set against an order that they do not name.
SELECT count(*) FILTER (NOT dated AND amount > 0), sum(amount) FILTER (NOT dated),
       count(*) FILTER (order_fact IS NULL AND amount > 0), sum(amount) FILTER (order_fact IS NULL),
       count(DISTINCT refund_fact) FILTER (how IN ('line', 'customer')), sum(amount) FILTER (how IN ('line', 'customer'))
FROM {parts}
