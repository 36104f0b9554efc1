SELECT max(bucket)
FROM shreds
WHERE bucket BETWEEN ?1 AND ?2
