using System.Collections.Immutable;

namespace PipelineService.Core.Datasets;

/// <summary>The columns that say where a row comes from. They make a load traceable and reversible.</summary>
public static class LineageColumns
{
    /// <summary>uuid: the job that loaded the row.</summary>
    public const string Job = "_job_id";

    /// <summary>bigint: the 1-based number of the record in the job's upload.</summary>
    public const string Record = "_record";

    /// <summary>Their types, in the order in which they stand behind the other columns.</summary>
    public static ImmutableArray<SqlTypeName> Types { get; } = [SqlTypeName.Uuid, SqlTypeName.BigInt];
}
