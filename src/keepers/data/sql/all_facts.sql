-- Every source's facts together, with a number each, the last day its source knows of, and how often the same row came.
WITH every AS ({union}),
spans AS (
    SELECT source_no, max(greatest(day, coalesce(voided_on, day), coalesce(refunded_on, day))) AS last_day
    FROM every GROUP BY source_no
),
hashed AS (
    SELECT e.*, s.last_day,
           md5(concat_ws('|', e.system, coalesce(e.order_id_read, ''), e.kind, coalesce(e.customer_id, ''), coalesce(e.email, ''), coalesce(e.phone, ''),
                         coalesce(e.name, ''), e.occurred_at::VARCHAR, coalesce(e.amount, 0)::VARCHAR, coalesce(e.gross, 0)::VARCHAR, coalesce(e.product, ''))) AS content
    FROM (SELECT *, CASE WHEN numbered THEN order_id END AS order_id_read FROM every) e JOIN spans s USING (source_no)
)
SELECT row_number() OVER (ORDER BY source_no, row_number) AS fact_id,
       row_number() OVER (PARTITION BY source_no, content ORDER BY row_number) AS occurrence,
       CASE WHEN day IS NULL THEN 'no date'
            WHEN amount IS NULL AND kind <> 'other' AND {money} THEN 'no amount' END AS missing,
       *
FROM hashed
