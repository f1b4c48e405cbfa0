-- One row an order or payment of one source, with what it is, how it stands and what it is worth.
WITH worded AS (
    SELECT o.*, s.state AS said_state, k.kind AS said_kind,
           ({amount})::DECIMAL(18, 4) AS own_amount, ({gross})::DECIMAL(18, 4) AS own_gross, ({refund})::DECIMAL(18, 4) AS own_refund
    FROM {orders} o
    LEFT JOIN {states} s ON o.status = s.word
    LEFT JOIN {kinds} k ON o.type = k.word
),
valued AS (
    SELECT *,
           CASE WHEN own_amount IS NOT NULL THEN own_amount WHEN lines_total IS NOT NULL THEN coalesce(product_total, 0) END AS revenue,
           coalesce(own_gross, lines_total + coalesce(tax, 0) + coalesce(shipping, 0), own_amount) AS charged
    FROM worded
),
kinds AS (
    SELECT *,
           CASE
               WHEN said_kind = 'other' OR ({nameless_are_other} AND type IS NULL) THEN 'other'
               WHEN line_class_known AND product_total IS NULL AND own_amount IS NULL THEN 'other'
               WHEN said_kind = 'refund' AND {signed} AND coalesce(charged, revenue) > 0 THEN 'other'
               WHEN said_kind = 'refund' THEN 'refund'
               WHEN said_kind = 'sale' AND {signed} AND coalesce(charged, revenue) < 0 THEN 'other'
               WHEN coalesce(nullif(revenue, 0), charged) < 0 THEN 'refund'
               ELSE 'sale'
           END AS kind
    FROM valued
),
signed AS (
    SELECT * REPLACE (CASE WHEN kind = 'refund' THEN -abs(charged) ELSE charged END AS charged,
                      CASE WHEN kind = 'refund' THEN -abs(revenue) ELSE revenue END AS revenue)
    FROM kinds
)
SELECT {source_no}::INT AS source_no, {source}::VARCHAR AS source, {system}::VARCHAR AS system, {payments} AS payments, {same_order} AS same_order, {refund_whole} AS refund_whole, _row AS row_number,
       coalesce(order_id, {row_id}) AS order_id, type, transaction_id, invoice, reference, order_id IS NOT NULL AS numbered,
       {clean_id} AS customer_id, email, phone, {whole_name} AS name, {person} AS person, {alike} AS alike,
       date AS day, date_utc AS occurred_at, kind,
       CASE
           WHEN {test_mode} THEN 'test'
           WHEN said_state IN ('failed', 'test', 'void', 'pending') THEN said_state
           WHEN cancelled_at IS NOT NULL AND {unpaid} THEN 'void'
           ELSE 'paid'
       END AS state,
       CASE WHEN cancelled_at IS NOT NULL AND said_state IS DISTINCT FROM 'void' AND NOT {unpaid} THEN greatest(cancelled_at, date) END AS voided_on,
       coalesce({currency}, {file_currency}) AS currency,
       charged AS gross, tax, coalesce(shipping, shipping_total) AS shipping, fee_total AS fees, abs(discount) AS discount, revenue AS amount,
       CASE WHEN said_state = 'refunded' AND coalesce(own_refund, 0) = 0 THEN charged WHEN own_refund > 0 THEN own_refund END AS refunded,
       CASE WHEN coalesce(refunded_at, cancelled_at) IS NOT NULL THEN greatest(coalesce(refunded_at, cancelled_at), date) END AS refunded_on,
       coalesce(contribution, line_contribution, revenue - order_cost, CASE WHEN cost_known THEN revenue - cost_total END)::DECIMAL(18, 4) AS contribution,
       channel, campaign, product, sku, category, country, discount_code, line_count, quantity,
       status, problem
FROM signed
WHERE {wanted}
