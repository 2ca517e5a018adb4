using System.Collections.ObjectModel;
using System.Globalization;
using System.Text.RegularExpressions;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Hosting;
using PipelineService.Spool;
using PipelineService.Spool.Decoding;
using PipelineService.Spool.Formats;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Formats;

/// <summary>
/// Whatever is sent, in any format, is read to its end or refused: nothing else is thrown, scanner and reader count the same records, and
/// nothing depends on how it comes and is cut. <c>PIPELINE_FUZZ_SECONDS</c>, for each kind, and <c>PIPELINE_FUZZ_SEED</c> make it longer.
/// </summary>
public sealed partial class AnyDataTests
{
    private const int CountDefault = 30;
    private const long BytesLeftMax = 64 << 20;

    private static readonly JobFacts Job = new(Guid.Empty);

    public static TheoryData<string> Kinds => [.. AnyData.Kinds.Select(kind => kind.Name)];

    [Theory, MemberData(nameof(Kinds))]
    public async Task Is_read_or_refused_and_the_same_however_it_is_cut(string name)
    {
        AnyData kind = AnyData.Kinds.Single(kind => kind.Name == name);
        ByHandFor run = new(CountDefault);
        while (run.GoesOn())
        {
            Random random = run.NextRandom();
            byte[] data = kind.Next(random);
            int recordBytesMax = random.Next(4) == 0 ? random.Next(20, 120) : 2_000;
            string told = $"PIPELINE_FUZZ_SEED={run.Seed}, {name}, {recordBytesMax}: {Convert.ToHexString(data)}";
            try
            {
                Reading whole = await ReadAsync(kind, data, data.Length + 1, recordBytesMax, new SpoolOptions());
                SpoolOptions small = new() { ChunkBytes = random.Next(16, 300), ChunkRecordsMax = random.Next(1, 20) };
                Reading pieces = await ReadAsync(kind, data, random.Next(1, 60), recordBytesMax, small);

                Assert.True(whole.Fault == pieces.Fault, $"{whole.Fault} in one piece, {pieces.Fault} in pieces, {told}");
                Assert.True(whole.Records.SequenceEqual(pieces.Records), $"{whole}\nin one piece,\n{pieces}\nin pieces, {told}");
            }
            catch (Exception e) when (e is not Xunit.Sdk.IAssertionException)
            {
                Assert.Fail($"{told}: {e}");
            }
        }

        run.Tell(name, BytesLeftMax);
    }

    private static async Task<Reading> ReadAsync(AnyData kind, byte[] data, int stepBytes, int recordBytesMax, SpoolOptions options)
    {
        await using SpoolWriter upload = new MemorySpool().Create();
        Task<Reading> reading = ReadAsync(kind, upload, recordBytesMax, options);
        foreach (byte[] step in data.Chunk(stepBytes))
        {
            await upload.AppendAsync(step);
        }

        await upload.SealAsync();
        return await reading;
    }

    private static async Task<Reading> ReadAsync(AnyData kind, SpoolWriter upload, int recordBytesMax, SpoolOptions options)
    {
        await using SpoolReader sent = upload.Follow();
        using UploadContent content =
            await UploadContent.OpenAsync(sent, UploadCodings.None with { OfText = kind.OfText }, options, CancellationToken.None);
        List<string> records = [];
        try
        {
            RecordsStart start = await RecordFormat.Of(kind.Form, kind.Plan, recordBytesMax, kind.OfText)
                .FindStartAsync(content.Bytes, Job, ReadOnlySet<string>.Empty, CancellationToken.None);
            using ChunkReading chunks = new(
                upload, options, start.RecordBytesMax, start.Scanner, transform: start.Transform, decoding: _ => content.Bytes);
            string? fault = null;
            try
            {
                await chunks.RunAsync(new UncoveredRange(start.Offset, null, start.Position));
            }
            catch (JobFaultException e)
            {
                fault = FaultOf(e);
            }

            Transform(chunks.Chunks, start, records);
            Assert.Equal(0, chunks.Pool.Rented);
            return new Reading(fault, records);
        }
        catch (JobFaultException e)
        {
            return new Reading(FaultOf(e), records);
        }
    }

    /// <summary>As the workers do.</summary>
    private static void Transform(IEnumerable<ReadChunk> chunks, RecordsStart start, List<string> records)
    {
        TransformWorkspace workspace = new();
        (long offset, long next) = (start.Offset, start.Position.FirstRecord);
        foreach (ReadChunk chunk in chunks)
        {
            Assert.Equal((offset, next), (chunk.Start, chunk.Position.FirstRecord));
            (offset, next) = (chunk.End, next + chunk.Records);
            if (chunk.IsOversized)
            {
                records.Add($"{chunk.Position.FirstRecord}:{chunk.Position.FirstLine} too long");
                continue;
            }

            int read = start.Transform.Run(chunk.Bytes, chunk.Position, workspace);
            Assert.Equal(chunk.Records, read);
            Assert.Equal(read, workspace.Rows.Count + workspace.Rejects.Count);
            foreach ((int index, var row) in workspace.Rows.Marks.ToArray().Index())
            {
                records.Add($"{row.Record}:{row.Line} {Convert.ToHexString(workspace.Rows.RowBytes(index, 1).Span)}");
            }

            foreach (Reject reject in workspace.Rejects.Rejects)
            {
                string codes = string.Join(',', workspace.Rejects.ErrorsOf(reject).ToArray().Select(error => error.Code));
                records.Add($"{reject.Record}:{reject.Line} {codes} {Convert.ToHexString(chunk.Bytes, reject.RawStart, reject.RawLength)}");
            }
        }

        records.Sort((a, b) => NumberOf(a).CompareTo(NumberOf(b)));
    }

    private static long NumberOf(string record) => long.Parse(record.AsSpan(0, record.IndexOf(':', StringComparison.Ordinal)), CultureInfo.InvariantCulture);

    /// <summary>What is shown of the data depends on how much of it is at hand.</summary>
    private static string FaultOf(JobFaultException e) => $"{e.Problem.Code} {string.Join(' ', Place().Matches(e.Problem.Detail).Select(place => place.Value))}";

    [GeneratedRegex(@"\b(byte|line|behind) \d+")]
    private static partial Regex Place();

    private sealed record Reading(string? Fault, List<string> Records)
    {
        public override string ToString() => $"{Fault} {string.Join('\n', Records)}";
    }
}
