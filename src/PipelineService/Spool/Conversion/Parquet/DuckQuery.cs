using DuckDB.NET.Native;
using PipelineService.Spool.Conversion.Packing;

namespace PipelineService.Spool.Conversion.Parquet;

/// <summary>An empty DuckDB database in memory, asked by its C interface: vectors are read where they lie.</summary>
internal sealed class DuckQuery : IDisposable
{
    private readonly DuckDBDatabase _database;
    private readonly DuckDBNativeConnection _connection;

    private DuckQuery(DuckDBDatabase database, DuckDBNativeConnection connection) => (_database, _connection) = (database, connection);

    /// <summary>Of the file, which no message names.</summary>
    public string? Path { get; set; }

    public static DuckQuery Open()
    {
        if (NativeMethods.Startup.DuckDBOpen(":memory:", out DuckDBDatabase database) != DuckDBState.Success
            || NativeMethods.Startup.DuckDBConnect(database, out DuckDBNativeConnection connection) != DuckDBState.Success)
        {
            throw new InvalidOperationException("DuckDB does not start.");
        }

        return new DuckQuery(database, connection);
    }

    public void Run(string sql)
    {
        DuckDBState state = NativeMethods.Query.DuckDBQuery(_connection, sql, out DuckDBResult result);
        try
        {
            ThrowUnless(state == DuckDBState.Success, ref result);
        }
        finally
        {
            NativeMethods.Query.DuckDBDestroyResult(ref result);
        }
    }

    public (string Name, DuckDBType Type)[] ColumnsOf(string sql)
    {
        DuckDBState state = NativeMethods.Query.DuckDBQuery(_connection, sql, out DuckDBResult result);
        try
        {
            ThrowUnless(state == DuckDBState.Success, ref result);
            var columns = new (string, DuckDBType)[(int)NativeMethods.Query.DuckDBColumnCount(ref result)];
            for (int i = 0; i < columns.Length; i++)
            {
                columns[i] = (NativeMethods.Query.DuckDBColumnName(ref result, i), NativeMethods.Query.DuckDBColumnType(ref result, i));
            }

            return columns;
        }
        finally
        {
            NativeMethods.Query.DuckDBDestroyResult(ref result);
        }
    }

    /// <summary>Writes all rows, a vector of some thousand at a time.</summary>
    /// <param name="sql">A query.</param>
    /// <param name="writersOf">For the types of its columns what writes them.</param>
    /// <param name="rows">Takes the rows.</param>
    public void Read(string sql, Func<IReadOnlyList<DuckDBLogicalType>, VectorWriter[]> writersOf, PackedRows rows)
    {
        if (NativeMethods.PreparedStatements.DuckDBPrepare(_connection, sql, out DuckDBPreparedStatement statement) != DuckDBState.Success)
        {
            throw Unreadable(NativeMethods.PreparedStatements.DuckDBPrepareError(statement));
        }

        using (statement)
        {
            DuckDBState state = NativeMethods.PreparedStatements.DuckDBExecutePreparedStreaming(statement, out DuckDBResult result);
            try
            {
                ThrowUnless(state == DuckDBState.Success, ref result);
                var types = new DuckDBLogicalType[(int)NativeMethods.Query.DuckDBColumnCount(ref result)];
                for (int i = 0; i < types.Length; i++)
                {
                    types[i] = NativeMethods.Query.DuckDBColumnLogicalType(ref result, i);
                }

                Read(ref result, writersOf(types), rows);
            }
            finally
            {
                NativeMethods.Query.DuckDBDestroyResult(ref result);
            }
        }
    }

    private void Read(ref DuckDBResult result, VectorWriter[] writers, PackedRows rows)
    {
        while (true)
        {
            using DuckDBDataChunk chunk = NativeMethods.StreamingResult.DuckDBStreamFetchChunk(result);
            ulong count = chunk.IsInvalid ? 0 : NativeMethods.DataChunks.DuckDBDataChunkGetSize(chunk);
            if (count == 0)
            {
                ThrowUnless(string.IsNullOrEmpty(NativeMethods.Query.DuckDBResultError(ref result)), ref result);
                return;
            }

            for (int i = 0; i < writers.Length; i++)
            {
                writers[i].Bind(NativeMethods.DataChunks.DuckDBDataChunkGetVector(chunk, i));
            }

            rows.Write(writers, (long)count);
        }
    }

    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
    }

    private void ThrowUnless(bool isRight, ref DuckDBResult result)
    {
        if (!isRight)
        {
            throw Unreadable(NativeMethods.Query.DuckDBResultError(ref result));
        }
    }

    /// <summary>Its first line, without the kind of error and without the path.</summary>
    private UnconvertibleException Unreadable(string? error)
    {
        string path = Path ?? throw new InvalidOperationException(error);
        string line = (error ?? "").Replace($"'{path}'", "", StringComparison.Ordinal).Replace($"\"{path}\"", "", StringComparison.Ordinal)
            .Replace(path, "", StringComparison.Ordinal).Split('\n')[0];
        int kind = line.IndexOf("Error: ", StringComparison.Ordinal);
        line = (kind >= 0 ? line[(kind + "Error: ".Length)..] : line).Replace("  ", " ", StringComparison.Ordinal).Trim();
        return new UnconvertibleException(
            line.Length == 0 ? "It cannot be read."
            : line.Contains("encryption_config", StringComparison.Ordinal) ? "The file is encrypted"
            : line);
    }
}
