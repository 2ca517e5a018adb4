using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rejects;
using PipelineService.Core.Transforms;
using Xunit;

namespace PipelineService.Core.Tests.Rejects;

/// <summary>A CSV of rejects, made of records and read again as an upload is.</summary>
internal sealed class RejectFile
{
    public const string Unmended = "-1:Unmended";

    private const int RecordBytesMax = 10_000;

    private readonly RowPlan _plan;
    private readonly CsvDialect _data;
    private readonly CsvDialect _dialect;

    private RejectFile(RowPlan plan, CsvDialect dialect, byte[] bytes)
    {
        _plan = plan;
        _data = dialect;
        _dialect = dialect.ForRejects();
        Bytes = bytes;
    }

    public byte[] Bytes { get; }

    public string Text => System.Text.Encoding.UTF8.GetString(Bytes);

    /// <summary>Writes a file with a row for each record, whatever became of it.</summary>
    /// <param name="dialect">Of the data.</param>
    public static RejectFile Write(RowPlan plan, CsvDialect dialect, RejectCells cells, IEnumerable<byte[]> raws)
    {
        CsvLine line = new(dialect.ForRejects());
        using MemoryStream file = new();
        foreach (string name in cells.Columns.Concat(RejectHeader.OwnNames(plan.Definition.Schema)))
        {
            line.Append(System.Text.Encoding.UTF8.GetBytes(name));
        }

        End();
        foreach (byte[] raw in raws)
        {
            line.Append(cells.Write(raw, isCut: false, line));
            foreach (string reason in new[] { "7", "8", "", "code", "= a message" })
            {
                line.Append(System.Text.Encoding.UTF8.GetBytes(reason));
            }

            End();
        }

        return new RejectFile(plan, dialect, file.ToArray());

        void End()
        {
            line.End();
            file.Write(line.Bytes.Span);
            line.Clear();
        }
    }

    /// <summary>Loads the file.</summary>
    public LoadedRecords Load(out ImmutableArray<string> names)
    {
        ScanResult header = new CsvRecordScanner(_dialect, RecordBytesMax, skipBlankLines: true)
            .Scan(Bytes, isFinal: true, recordsMax: 1);
        names = CsvHeader.Read(Bytes.AsSpan(0, header.Length), _dialect, RecordBytesMax, out string? fault);
        Assert.Null(fault);
        RejectHeader found = RejectHeader.Find(names, _plan.Definition.Schema)!;
        var binding = HeaderBinding.ByName(found.DataNames, _plan.Definition.Schema, out fault);
        Assert.Null(fault);
        ChunkTransform transform = new(_plan, new CsvRecordReader(binding!.Within(found), _dialect, RecordBytesMax), new JobFacts(Guid.Empty));
        return LoadedRecords.Of(transform, Bytes.AsSpan(header.Length));
    }

    /// <summary>The file of rejects of this file's own records: what a second attempt at mending starts from.</summary>
    public RejectFile Again()
    {
        LoadedRecords loaded = Load(out ImmutableArray<string> names);
        return Write(_plan, _data, new CsvRejectCells(names, _plan.Definition.Schema, _data), loaded.Raws);
    }
}
