-- How wide a choice each customer made among products and categories, by orders that stand.
WITH bought AS (
    {articles}
),
by_category AS (
    SELECT customer_key, category, sum(worth) AS worth, row_number() OVER (PARTITION BY customer_key ORDER BY sum(worth) DESC, category) AS place
    FROM bought
    WHERE category IS NOT NULL
    GROUP BY customer_key, category
),
favourite AS (
    SELECT
        customer_key,
        max(CASE WHEN place = 1 THEN category END) AS category,
        max(CASE WHEN place = 1 THEN worth END) / nullif(sum(worth), 0) AS share,
        count(*) AS categories
    FROM by_category
    GROUP BY customer_key
),
counted AS (
    SELECT
        customer_key,
        count(DISTINCT product) AS products,
        sum(pieces) AS pieces,
        sum(worth) / nullif(sum(pieces), 0) AS unit_price,
        count(DISTINCT order_id) AS orders
    FROM bought
    GROUP BY customer_key
)
SELECT
    counted.customer_key,
    counted.products AS products, -- different products bought [products] zero needs product
    CAST(counted.products AS DOUBLE) / counted.orders AS products_an_order, -- different products for each order; low where the same is bought again [products] needs product
    favourite.categories AS categories, -- different categories bought from [categories] zero needs category
    favourite.category AS favourite_category, -- category most was spent on [category] needs category
    favourite.share AS favourite_share, -- its share of what was spent [share] needs category
    counted.pieces / counted.orders AS pieces_an_order, -- pieces for each order [pieces] needs lines
    counted.unit_price AS unit_price -- mean price of a piece [money] needs lines
FROM counted LEFT JOIN favourite ON favourite.customer_key = counted.customer_key
