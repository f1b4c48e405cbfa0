-- What is in the purchases, but for their ids as text: how many, days, amounts, whether in whole cents, numbers.
SELECT count(*) AS orders, count(day) AS dated, min(day) AS first_day, max(day) AS last_day,
       count({amount}) AS priced, min({amount}) AS lowest, max({amount}) AS highest, sum({amount}) AS total,
       max({amount} % 0.01) = 0 AS cents,
       count({number}) AS numbered, min({number}) AS least, max({number}) AS most
FROM {purchases}
