-- What customers who can be named bought: a row a line, with the customer's number, its code on the shelf and its worth.
SELECT
    who.row AS row,
    bought.day,
    bought.voided_on,
    coalesce(shelf.code, {other}) AS code,
    coalesce({worth}, 0) AS worth
FROM ({bought}) AS bought
INNER JOIN {who} AS who ON who.customer_key = bought.customer_key
LEFT JOIN {shelf} AS shelf
    ON coalesce(shelf.product, '') = coalesce(bought.product, '') AND coalesce(shelf.category, '') = coalesce(bought.category, '')
