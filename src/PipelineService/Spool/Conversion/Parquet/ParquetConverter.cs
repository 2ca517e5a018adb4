using System.Globalization;
using DuckDB.NET.Native;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Spool.Conversion.Packing;

namespace PipelineService.Spool.Conversion.Parquet;

/// <summary>
/// Reads a Parquet file with DuckDB, row group by row group and in the order of the file. The database it does that in is empty, in
/// memory, and may open nothing but the file.
/// </summary>
internal static class ParquetConverter
{
    /// <param name="ready">A database that was opened before, and knows nothing yet.</param>
    /// <exception cref="UnconvertibleException">The file is damaged, encrypted, or has what is not read.</exception>
    public static void Convert(ConversionRequest request, PackedRows rows, DuckQuery? ready = null)
    {
        string file = $"read_parquet({Quoted(request.Path)})";
        using DuckQuery queries = ready ?? DuckQuery.Open();
        queries.Path = request.Path;
        foreach (string setting in (string[])
        [
            "SET threads = 1",
            string.Create(CultureInfo.InvariantCulture, $"SET memory_limit = '{request.MemoryBytes >> 20}MiB'"),
            "SET temp_directory = ''",
            "SET autoinstall_known_extensions = false",
            "SET autoload_known_extensions = false",
            "SET preserve_insertion_order = true",
            $"SET allowed_paths = [{Quoted(request.Path)}]",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ])
        {
            queries.Run(setting);
        }

        (string Name, DuckDBType Type)[] columns = queries.ColumnsOf($"SELECT * FROM {file} LIMIT 0");
        string[] selected =
        [
            .. columns.Select(column => column.Type == DuckTypes.Variant ? $"CAST(CAST({Identifier(column.Name)} AS JSON) AS VARCHAR)"
                : DuckTypes.IsRead(column.Type) ? Identifier(column.Name)
                : $"CAST({Identifier(column.Name)} AS VARCHAR)"),
        ];
        rows.Names(columns.Select(column => column.Name));
        rows.Flush(); // whether the names fit is looked at while the rest is read
        Task<string?> checking = Task.Run(() => PageChecks.FaultOf(request.Path));
        string? damage;
        try
        {
            queries.Read(
                $"SELECT {string.Join(", ", selected)} FROM {file}",
                types => [.. types.Select((type, i) => WriterOf(type, columns[i], request))],
                rows);
        }
        finally
        {
            damage = checking.GetAwaiter().GetResult();
        }

        if (damage is not null)
        {
            throw new UnconvertibleException(damage);
        }

        rows.Flush();
    }

    /// <summary>Goes once through what is done for each row.</summary>
    public static void GetReady(DuckQuery queries, PackedRows rows)
    {
        PackedTag[] tags =
        [
            PackedTag.Integer, PackedTag.Integer, PackedTag.Float, PackedTag.Decimal, PackedTag.Date, PackedTag.LocalDateTime, PackedTag.Null,
            PackedTag.Null,
        ];
        queries.Read(
            """
            SELECT 1::BIGINT, 1::INTEGER, 1.5::DOUBLE, 1.5::DECIMAL(10, 2), DATE '2026-01-01', TIMESTAMP '2026-01-01 00:00:00', true, 'text'
            """,
            types => [.. types.Select((type, i) => VectorWriters.Of(type, WantedForm.Natural, tags[i]))],
            rows);
        rows.Flush();
    }

    private static VectorWriter WriterOf(DuckDBLogicalType read, (string Name, DuckDBType Type) column, ConversionRequest request)
    {
        WantedForm wanted = request.FormOf(column.Name);
        return wanted != WantedForm.Text && column.Type == DuckTypes.Variant ? new BytesWriter(BytesKind.Json)
            : VectorWriters.Of(read, wanted, request.PackedFormOf(column.Name));
    }

    private static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
