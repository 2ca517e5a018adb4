using System.Collections.Immutable;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;

namespace PipelineService.Core.Tests.Rejects;

/// <summary>Records as they were sent, and what loading made of each: the encoded row, or the codes of its errors.</summary>
internal sealed record LoadedRecords(ImmutableArray<byte[]> Raws, ImmutableArray<string> Outcomes)
{
    public static LoadedRecords Of(ChunkTransform transform, ReadOnlySpan<byte> data)
    {
        TransformWorkspace workspace = new();
        int count = transform.Run(data, new ChunkPosition(1, 1), workspace);
        byte[][] raws = new byte[count][];
        string[] outcomes = new string[count];
        for (int row = 0; row < workspace.Rows.Count; row++)
        {
            RowMark mark = workspace.Rows.Marks[row];
            raws[mark.Record - 1] = data.Slice(mark.RawStart, mark.RawLength).ToArray();
            outcomes[mark.Record - 1] = Convert.ToHexString(workspace.Rows.RowBytes(row, 1).Span);
        }

        foreach (Reject reject in workspace.Rejects.Rejects)
        {
            raws[reject.Record - 1] = data.Slice(reject.RawStart, reject.RawLength).ToArray();
            outcomes[reject.Record - 1] = string.Join(
                ' ', workspace.Rejects.ErrorsOf(reject).ToArray().Select(e => $"{e.Column}:{e.Code}"));
        }

        return new LoadedRecords([.. raws], [.. outcomes]);
    }
}
