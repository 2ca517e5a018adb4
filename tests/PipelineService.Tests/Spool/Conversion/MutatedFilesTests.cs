using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Jobs.Requests;
using PipelineService.Spool.Conversion;
using PipelineService.Spool.Conversion.Arrow;
using PipelineService.Spool.Conversion.Packing;
using PipelineService.Spool.Conversion.Parquet;
using PipelineService.Spool.Conversion.Workbooks;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>
/// Files with bytes that are not theirs: whatever they do to whoever reads them, the service tells it of the file and goes on.
/// <c>PIPELINE_MUTATED_FILES</c> and <c>PIPELINE_MUTATED_SEED</c> make it longer.
/// </summary>
public sealed class MutatedFilesTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private const int CountDefault = 6;
    private const int InProcessPerFile = 25;
    private const int Senders = 3;

    private static readonly string[] Told = ["file_unreadable", "file_too_demanding", "decoded_too_large", "header_mismatch"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Each in a process of its own, as the service converts it.</summary>
    [Fact]
    public async Task Mutated_files_fail_their_jobs_and_harm_nobody_else()
    {
        (int count, int seed) = Settings();
        using TemporaryFolder folder = new();
        int port = ServiceProcess.FreePort();
        await using var process = ServiceProcess.Start(
            database.ConnectionString, Path.Combine(folder.Path, "spool"), port, [("Spool__ConversionStallMax", "00:00:20")]);
        Assert.True(await process.WaitUntilReadyAsync(Token), process.Log);
        using HttpClient http = new() { BaseAddress = ServiceProcess.AddressOf(port) };
        Api api = new(http);
        FileMutation mutation = new(seed);
        ConcurrentDictionary<string, int> outcomes = [];
        long before = process.ResidentBytes;
        foreach ((string format, string contentType) in ((string, string)[])
        [
            ("parquet", "application/vnd.apache.parquet"), ("arrow", ArrowSample.Stream),
            ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ])
        {
            string dataset = $"mutated_{format}";
            await api.DeclareAsync(dataset, $$"""
                { 'schema': { 'fields': [{ 'name': 'id', 'type': 'integer' }, { 'name': 'at', 'type': 'datetime' }, { 'name': 'note' }], 'fieldsMatch': 'subset' },
                  'load': { 'table': 'public.{{dataset}}' } }
                """);
            byte[][] originals = await FileMutation.OriginalsAsync(format, Token);
            byte[][] files = [.. Enumerable.Range(0, count).Select(_ => mutation.Next(originals))];
            await Parallel.ForEachAsync(files, new ParallelOptions { MaxDegreeOfParallelism = Senders, CancellationToken = Token }, async (file, token) =>
            {
                using ByteArrayContent body = new(file);
                body.Headers.TryAddWithoutValidation("Content-Type", contentType);
                JobView job = await api.WhenFinalAtLastAsync((await api.UploadAsync(dataset, body)).Job.Id);
                outcomes.AddOrUpdate($"{format} {job.Error?.Code ?? "read"}", 1, (_, number) => number + 1);
                if (job.Error is { } error)
                {
                    Assert.True(Told.Contains(error.Code), $"Seed {seed}: {error.Code}: {error.Detail}");
                    Assert.Equal(0, job.Records.Loaded);
                }
            });
        }

        TestContext.Current.SendDiagnosticMessage(
            "{0} mutated files of each format, seed {1}: {2}; the service had {3} MB, and has {4}",
            count, seed, string.Join(", ", outcomes.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => $"{o.Key} {o.Value}")), before >> 20, process.ResidentBytes >> 20);
        Assert.DoesNotContain(" ERR ", process.Log, StringComparison.Ordinal);
        await api.DeclareAsync("afterwards", Readings.Definition());
        Assert.Equal(JobState.Succeeded, (await api.LoadAsync("afterwards", Readings.Csv(3))).State);
    }

    /// <summary>What reads them is ours: nothing but a refusal comes of it, however it is fooled, and no place outside of the data is read.</summary>
    [Theory]
    [InlineData("arrow")]
    [InlineData("xlsx")]
    [InlineData("parquet")]
    public async Task Nothing_but_a_refusal_comes_of_those_that_are_read_here(string format)
    {
        (int count, int seed) = Settings();
        Assert.SkipWhen(format == "parquet" && Setting("FILES") is null, "A library reads it that might end this process: by hand alone.");
        FileMutation mutation = new(seed);
        byte[][] originals = await FileMutation.OriginalsAsync(format, Token);
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "file");
        (int read, int refused) = (0, 0);
        TimeSpan slowest = TimeSpan.Zero;
        for (int i = 0; i < count * InProcessPerFile; i++)
        {
            byte[] file = mutation.Next(originals);
            await File.WriteAllBytesAsync(path, file, Token);
            long began = TimeProvider.System.GetTimestamp();
            try
            {
                Convert(format, path);
                read++;
            }
            catch (Exception e) when (e is UnconvertibleException or DemandingException)
            {
                refused++;
            }
            catch (Exception e)
            {
                string kept = Path.Combine(Path.GetTempPath(), $"mutated-{seed}-{i}.{format}");
                await File.WriteAllBytesAsync(kept, file, Token);
                Assert.Fail($"Seed {seed}, {kept}: {e}");
            }

            TimeSpan took = TimeProvider.System.GetElapsedTime(began);
            slowest = took > slowest ? took : slowest;
        }

        TestContext.Current.SendDiagnosticMessage("{0} mutated files of {1}, seed {2}: {3} read, {4} refused, the slowest in {5}", read + refused, format, seed, read, refused, slowest);
    }

    /// <summary>Whatever is missing at their ends; at each byte by hand, with <c>PIPELINE_CUTS_STEP=1</c>.</summary>
    [Theory]
    [InlineData("arrow", 7)]
    [InlineData("xlsx", 31)]
    [InlineData("parquet", 113)]
    public async Task Cut_anywhere_they_are_refused(string format, int step)
    {
        step = int.TryParse(Environment.GetEnvironmentVariable(CutFilesTests.Variable), CultureInfo.InvariantCulture, out int told) ? told : step;
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "file");
        byte[][] originals = await FileMutation.OriginalsAsync(format, Token);
        foreach (byte[] original in format == "parquet" ? originals[3..4] : originals[^2..])
        {
            for (int length = 0; length < original.Length; length += step)
            {
                await File.WriteAllBytesAsync(path, original.AsMemory(0, length), Token);

                Assert.True(Record.Exception(() => Convert(format, path)) is UnconvertibleException, $"{format} cut at byte {length} of {original.Length}");
            }
        }
    }

    private static void Convert(string format, string path)
    {
        using BoundedOutput rows = new();
        DataFormat kind = format == "arrow" ? DataFormat.Arrow : format == "parquet" ? DataFormat.Parquet : DataFormat.Xlsx;
        ConversionRequest request = new(
            kind, path, new Dictionary<string, WantedForm> { ["note"] = WantedForm.Text }, MemoryBytes: 64 << 20)
        {
            Packed = new Dictionary<string, PackedTag> { ["id"] = PackedTag.Integer, ["at"] = PackedTag.Instant },
            Sheet = new SheetRequest(Name: null, Number: null, HeaderRows: [1], HeaderJoin: " ", CommentRows: [], Names: null),
        };
        if (kind == DataFormat.Arrow)
        {
            ArrowConverter.Convert(request, new PackedRows(rows));
        }
        else if (kind == DataFormat.Parquet)
        {
            ParquetConverter.Convert(request, new PackedRows(rows));
        }
        else
        {
            WorkbookConverter.Convert(request, new RowText(rows));
        }
    }

    private static (int Count, int Seed) Settings() => (Setting("FILES") ?? CountDefault, Setting("SEED") ?? RandomNumberGenerator.GetInt32(1_000_000));

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable($"PIPELINE_MUTATED_{name}"), CultureInfo.InvariantCulture, out int value) ? value : null;
}
