using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;

namespace PipelineService.Write.Targets;

/// <summary>
/// Rows come in addition to those that are there. They are sent in the fastest way that the table allows: by binary COPY, by
/// COPY of text where a column can be read from nothing else, and where a trigger may let rows fall, or a view is between, in a
/// way that tells how many landed.
/// </summary>
public class AppendTarget(DatasetDefinition definition) : RowTarget(definition)
{
    /// <inheritdoc/>
    public override bool RefusesKnownKeys => true;

    /// <inheritdoc/>
    public override bool TakesJobsTogether => true;

    /// <inheritdoc/>
    public override async Task<int> SendAsync(
        WriteSession session, RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        string table = Table.Quoted;
        switch (session.Constraints)
        {
            case { TakesInsertsOnly: true }:
                return await session.Staged.InsertTogetherAsync(rows, piece, cancellationToken);
            case { CopiesText: true }:
                await session.Copy.SendTextAsync(WriteSql.CopyText(table, session.Columns), rows, piece, cancellationToken);
                return piece.Count;
            case { MayChangeRows: true }:
                return await session.Copy.SendCountedAsync(WriteSql.Copy(table, session.Columns), rows, piece, cancellationToken);
            default:
                await session.Copy.SendAsync(WriteSql.Copy(table, session.Columns), rows, piece, cancellationToken);
                return piece.Count;
        }
    }

    /// <summary>COPY writes identity columns as they come, and so does this.</summary>
    /// <inheritdoc/>
    public override string Insert(string columns, string rows) =>
        $"INSERT INTO {Table.Quoted} ({columns}) OVERRIDING SYSTEM VALUE {rows}";
}
