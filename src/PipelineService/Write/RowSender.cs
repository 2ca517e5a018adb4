using Npgsql;
using PipelineService.Core.Encoding;

namespace PipelineService.Write;

/// <summary>
/// Sends a piece of a chunk's rows in one go, in the fastest way that the table allows: by binary COPY, by COPY of text where a
/// column can be read from nothing else, and where a trigger may let rows fall in a way that tells how many landed.
/// </summary>
internal sealed class RowSender(WriteSession session, RowPlan plan)
{
    private readonly string _table = plan.Definition.Load.Table.Quoted;
    private readonly string _columns = WriteSql.ColumnList(plan);

    /// <returns>How many rows landed.</returns>
    /// <exception cref="PostgresException">One of them is refused.</exception>
    public async Task<int> SendAsync(RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        switch (session.Target)
        {
            case { CopiesText: true, MayChangeRows: true }:
                return await session.Staged.InsertTogetherAsync(rows, piece, cancellationToken);
            case { CopiesText: true }:
                await session.Copy.SendTextAsync(WriteSql.CopyText(_table, _columns), rows, piece, cancellationToken);
                return piece.Count;
            case { MayChangeRows: true }:
                return await session.Copy.SendCountedAsync(WriteSql.Copy(_table, _columns), rows, piece, cancellationToken);
            default:
                await session.Copy.SendAsync(WriteSql.Copy(_table, _columns), rows, piece, cancellationToken);
                return piece.Count;
        }
    }
}
