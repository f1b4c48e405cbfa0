-- How many values of each column can be read with a decimal comma only, and how many with a decimal point only, as nobody
-- marks thousands behind a zero; a value that can be read with either, where no other shows the mark.
WITH cells AS ({cells}),
numbers AS (SELECT c, n, translate({bare}, '()+-''’', '') AS v FROM cells)
SELECT c,
       coalesce(sum(n) FILTER (regexp_matches(v, '^[0-9]*,([0-9]{1,2}|[0-9]{4,})$|^0,[0-9]{3}$|^[0-9.]*\.[0-9]{3},[0-9]+$|^[0-9]{1,3}(\.[0-9]{3}){2,}$')), 0),
       coalesce(sum(n) FILTER (regexp_matches(v, '^[0-9]*\.([0-9]{1,2}|[0-9]{4,})$|^0\.[0-9]{3}$|^[0-9,]*,[0-9]{3}\.[0-9]+$|^[0-9]{1,3}(,[0-9]{2,3})*(,[0-9]{3}){2,}$')), 0),
       CASE WHEN count(*) FILTER (regexp_matches(v, '[.,]') AND NOT regexp_matches(v, '^[1-9][0-9]{0,2}[.,][0-9]{3}$')) = 0
            THEN min(v) FILTER (regexp_matches(v, '^[1-9][0-9]{0,2}[.,][0-9]{3}$')) END
FROM numbers
GROUP BY c
