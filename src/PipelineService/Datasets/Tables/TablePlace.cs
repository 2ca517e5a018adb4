namespace PipelineService.Datasets.Tables;

/// <summary>The end of a table: what is added to it from now on lands there, or where room has become free before.</summary>
/// <param name="File">pg_relation_filenode: another one when the table is rewritten or emptied by TRUNCATE.</param>
/// <param name="Blocks">How many blocks the file has.</param>
public readonly record struct TablePlace(long File, long Blocks);
