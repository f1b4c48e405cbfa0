-- What each customer's first order was like: of the orders of the first day, the earliest.
WITH candidate AS (
    SELECT
        placed.*,
        row_number() OVER (PARTITION BY placed.customer_key ORDER BY placed.day, placed.occurred_at, placed.order_id) AS place
    FROM {placed} AS placed
    WHERE placed.stands
),
first_order AS (
    SELECT candidate.*, line.lines, line.pieces
    FROM candidate LEFT JOIN {lines_of_orders} AS line ON line.order_id = candidate.order_id
    WHERE place = 1
)
SELECT
    customer_key,
    product AS first_product, -- main product of the first order [category] needs product
    category AS first_category, -- category of the first order [category] needs category
    channel AS first_channel, -- channel that brought the first order [category] needs channel
    campaign AS first_campaign, -- campaign that brought the first order [category] needs campaign
    country AS first_country, -- country of the first order [category] needs country
    paid AS first_amount, -- value of the first order as it was placed [money] needs amount
    contribution AS first_contribution, -- contribution of the first order [money] needs contribution
    contribution / nullif(net, 0) AS first_margin, -- contribution of the first order as a share of its revenue [share] needs contribution
    discount / nullif(paid + discount, 0) AS first_discount, -- discount of the first order as a share of its list price [share] needs discount
    coupon AS first_coupon, -- whether the first order used a coupon [flag] needs discount_code
    date_diff('day', DATE '1970-01-05', day) % 7 + 1 AS first_weekday, -- weekday of the first order, 1 is Monday [weekday]
    extract(MONTH FROM day) AS first_month, -- month of the first order [month]
    extract(HOUR FROM occurred_at) AS first_hour, -- hour of the first order, UTC [hour] needs time_of_day
    lines AS first_lines, -- different articles in the first order [articles] needs lines
    pieces AS first_pieces -- pieces in the first order [pieces] needs lines
FROM first_order
