-- One row a customer: what lists of customers say, and where the last order went for those who are on no list.
WITH listed AS ({listed}),
bought AS ({bought}),
every AS (
    SELECT customer_key, source, created_at, country, region, city, accepts_marketing, channel, campaign, account_id, tags, claimed_orders, claimed_revenue, 0 AS rank FROM listed
    UNION ALL
    SELECT customer_key, source, NULL, country, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1 FROM bought
)
SELECT customer_key, arg_min(source, rank) AS source, min(created_at) AS created_at, arg_min(country, rank) AS country,
       any_value(region) AS region, any_value(city) AS city, bool_or(accepts_marketing) AS accepts_marketing,
       any_value(channel) AS channel, any_value(campaign) AS campaign, any_value(account_id) AS account_id,
       any_value(tags) AS tags, sum(claimed_orders) AS claimed_orders, sum(claimed_revenue) AS claimed_revenue
FROM every
WHERE customer_key IS NOT NULL
GROUP BY customer_key
