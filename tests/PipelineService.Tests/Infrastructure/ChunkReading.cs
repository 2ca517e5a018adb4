using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Transforms;
using PipelineService.Spool;
using PipelineService.Transform;
using PipelineService.Write;
using PipelineService.Write.Targets;

namespace PipelineService.Tests.Infrastructure;

/// <summary>A chunk that was handed over, and a copy of its bytes.</summary>
public sealed record ReadChunk(
    long Start, long End, ChunkPosition Position, int Records, long Lines, bool IsOversized, bool IsCut, byte[] Bytes);

/// <summary>Runs a <see cref="ChunkReader"/> over an upload and takes its chunks as workers do, without a database.</summary>
public sealed class ChunkReading : IDisposable
{
    private readonly ChunkChannel _channel;
    private readonly CancellationTokenSource _cancel = new();
    private readonly JobLoad _load;
    private readonly ChunkReader _reader;

    public ChunkReading(
        SpoolWriter upload, SpoolOptions options, int recordBytesMax = 1 << 20, RecordScanner? scanner = null,
        TimeProvider? time = null, ChunkTransform? transform = null, Func<SpoolReader, IDecodedBytes>? decoding = null)
    {
        Pool = new ChunkBufferPool(options.ChunkBytes);
        _channel = new ChunkChannel(Options.Create(new TransformOptions()), Pool, _ => Share.Usual);
        _load = LoadOf(transform);
        _reader = new ChunkReader(
            decoding is null ? upload.Follow() : decoding(upload.Follow()),
            scanner ?? new CsvRecordScanner(CsvDialect.Default, recordBytesMax, skipBlankLines: true),
            _channel.FeedOf(_load), options, recordBytesMax, time ?? TimeProvider.System);
    }

    /// <summary>A load without a job.</summary>
    public static JobLoad LoadOf(ChunkTransform? transform, string party = "trips")
    {
        JobLoad load = new(Plan(party), sessions: 2, new WriteOptions(), NullLogger.Instance, CancellationToken.None)
        {
            ReadAgain = (_, _, _, _) => throw new UnreachableException("Nothing is written here."),
        };
        if (transform is not null)
        {
            load.Begin(transform, load.Plan.Rows, keys: null);
        }

        return load;
    }

    public ChunkBufferPool Pool { get; }

    /// <summary>Chunks taken so far, in order.</summary>
    public ConcurrentQueue<ReadChunk> Chunks { get; } = new();

    /// <summary>Reads to the end.</summary>
    public async Task<IReadOnlyList<ReadChunk>> RunAsync(params UncoveredRange[] ranges)
    {
        Task taking = TakeAllAsync();
        try
        {
            await ReadAsync(ranges);
        }
        finally
        {
            _channel.Complete();
            await taking;
        }

        return [.. Chunks];
    }

    /// <summary>Only reads: chunks stay in the channel until they are taken.</summary>
    public Task ReadAsync(params UncoveredRange[] ranges) => _reader.RunAsync(
        ranges is [] ? [new UncoveredRange(0, null, new ChunkPosition(1, 1))] : ranges, _cancel.Token);

    public async Task<ReadChunk> TakeAsync() => Keep((await _channel.ReadAsync())!);

    public Task CancelAsync() => _cancel.CancelAsync();

    public void Dispose()
    {
        _cancel.Dispose();
        _load.Dispose();
    }

    private ReadChunk Keep(Chunk taken)
    {
        using Chunk chunk = taken;
        ChunkExtent extent = chunk.Extent;
        ReadChunk copy = new(
            extent.StartOffset, extent.EndOffset, extent.Position, extent.Records, extent.Lines,
            extent.IsOversizedRecord, extent.IsCut, chunk.Bytes.ToArray());
        Chunks.Enqueue(copy);
        return copy;
    }

    private async Task TakeAllAsync()
    {
        while (await _channel.ReadAsync() is { } chunk)
        {
            Keep(chunk);
        }
    }

    private static JobLoadPlan Plan(string party)
    {
        DatasetDefinition definition = new()
        {
            Schema = new TableSchema { Fields = [new FieldDefinition { Name = "id" }] },
            Load = new LoadPolicy { Table = new TableName("public", "trips") },
        };
        return new()
        {
            JobId = Guid.CreateVersion7(),
            Epoch = 1,
            Dataset = "trips",
            Party = party,
            Rows = new RowPlan(definition),
            Target = new AppendTarget(definition),
            RawBytesMax = 16 << 10,
        };
    }
}
