using DuckDB.NET.Native;

namespace PipelineService.Spool.Conversion.Parquet;

/// <summary>Types of DuckDB that its bindings do not name yet. Source: <c>duckdb_type</c> in duckdb.h.</summary>
internal static class DuckTypes
{
    public const DuckDBType TimeNs = (DuckDBType)39;
    public const DuckDBType Variant = (DuckDBType)41;

    /// <summary>Whether its vectors are read; others are read as their texts, as those of geometry, which are WKT.</summary>
    public static bool IsRead(DuckDBType type) => type == TimeNs
        || (Enum.IsDefined(type)
            && type is not (DuckDBType.Invalid or DuckDBType.Any or DuckDBType.Bit or DuckDBType.VarInt or DuckDBType.Union));
}
