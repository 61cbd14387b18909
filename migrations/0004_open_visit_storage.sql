-- As ended_visit's months have it: rows of 2 to 8 KB stay in their page as they are. By default they would be compressed
-- each time that they are written, which doubles what an open visit of 3 KB costs.
ALTER TABLE open_visit SET (toast_tuple_target = 8160);
