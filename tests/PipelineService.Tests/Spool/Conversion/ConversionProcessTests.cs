using System.IO.Hashing;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Hosting;
using PipelineService.Spool.Conversion;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>The child process of a conversion: what it is bounded by, and what it is when it dies.</summary>
public sealed class ConversionProcessTests : IDisposable
{
    private const long Plenty = 2L << 30;

    private static readonly DecodedLimits NoLimit = new(long.MaxValue, int.MaxValue, long.MaxValue);

    private readonly TemporaryFolder _folder = new();

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bomb_is_stopped_where_it_crosses_the_limit()
    {
        const int RatioFrom = 1 << 20;
        string path = Write(ParquetSample.Of("SELECT repeat('x', 1000) AS x FROM range(10000)"));
        long taken = 0;
        using var process = ConversionProcess.Start(RequestFor(path));

        JobFaultException tooMuch = await Assert.ThrowsAsync<ConversionFaultException>(() => process.FollowAsync(
            new ConversionLimits(Plenty, TimeSpan.FromHours(1), new DecodedLimits(long.MaxValue, 250, RatioFrom)),
            new FileInfo(path).Length,
            () => 0,
            (made, _) =>
            {
                taken = made.Bytes;
                return ValueTask.CompletedTask;
            },
            TimeProvider.System,
            Token));

        Assert.Equal("decoded_too_large", tooMuch.Problem.Code);
        Assert.InRange(taken, RatioFrom / 2, RatioFrom + (1 << 20));
    }

    /// <summary>Nothing may come of it for ever: blanks between the rows of a sheet.</summary>
    [Fact]
    public async Task A_part_of_a_workbook_that_comes_to_too_much_is_not_read()
    {
        byte[] book = await WorkbookSample.OfAsync(3, Token);
        for (int part = 0; part < 3; part++)
        {
            byte[] grown = WorkbookSample.WithPart(book, "xl/worksheets/sheet1.xml", bytes => [.. bytes, .. Enumerable.Repeat((byte)' ', part << 20)]);
            ConversionRequest request = RequestFor(Write(grown)) with
            {
                Format = DataFormat.Xlsx,
                Sheet = new SheetRequest(Name: null, Number: null, HeaderRows: [1], HeaderJoin: " ", CommentRows: [], Names: null),
                PartLimits = new DecodedLimits(long.MaxValue, 250, RatioFrom: 1 << 20),
            };

            var tooMuch = (JobFaultException?)await Record.ExceptionAsync(() => ReadAsync(request));

            Assert.Equal(part == 0 ? null : "decoded_too_large", tooMuch?.Problem.Code);
            Assert.Contains(part == 0 ? "" : "Its part xl/worksheets/sheet1.xml has", tooMuch?.Problem.Detail ?? "", StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task One_that_takes_too_much_memory_or_stands_still_is_ended()
    {
        string path = Write(ParquetSample.Of("SELECT i AS id FROM range(1000000) t(i)"));
        FakeTimeProvider time = new();
        foreach ((long memory, TimeSpan stall, string setting) in ((long, TimeSpan, string)[])
        [
            (1 << 20, TimeSpan.MaxValue, "Spool:ConversionMemoryMax"),
            (Plenty, TimeSpan.FromMinutes(1), "Spool:ConversionStallMax"),
        ])
        {
            using var process = ConversionProcess.Start(RequestFor(path));
            TaskCompletionSource never = new();
            Task reading = process.FollowAsync(
                new ConversionLimits(memory, stall, NoLimit), 1, () => 0, async (_, _) => await never.Task, time, Token);
            while (!process.HasExited)
            {
                time.Advance(TimeSpan.FromSeconds(61));
                await Task.Yield();
            }

            never.SetResult();
            JobFaultException tooMuch = await Assert.ThrowsAsync<ConversionFaultException>(() => reading);
            Assert.Equal("file_too_demanding", tooMuch.Problem.Code);
            Assert.Contains(setting, tooMuch.Problem.Detail, StringComparison.Ordinal);
        }
    }

    /// <summary>It writes by itself: what it does not tell of counts, too.</summary>
    [Fact]
    public async Task One_that_writes_more_than_it_tells_is_ended()
    {
        string path = Write(ParquetSample.Of("SELECT i AS id FROM range(1000000) t(i)"));
        FakeTimeProvider time = new();
        using var process = ConversionProcess.Start(RequestFor(path));
        TaskCompletionSource never = new();
        Task reading = process.FollowAsync(
            new ConversionLimits(Plenty, TimeSpan.MaxValue, new DecodedLimits(1 << 30, int.MaxValue, long.MaxValue)),
            1, () => 2L << 30, async (_, _) => await never.Task, time, Token);

        while (!process.HasExited)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        never.SetResult();
        JobFaultException tooMuch = await Assert.ThrowsAsync<ConversionFaultException>(() => reading);
        Assert.Equal("decoded_too_large", tooMuch.Problem.Code);
    }

    [Fact]
    public async Task A_disk_that_is_full_is_no_fault_of_the_file()
    {
        const string Full = "/dev/full";
        Assert.SkipUnless(File.Exists(Full), $"There is no {Full}.");

        IOException full = await Assert.ThrowsAsync<IOException>(
            () => ReadAsync(RequestFor(Write(ParquetSample.Of("SELECT 1 AS id"))) with { Target = Full }));

        Assert.Contains("space", full.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_is_killed_says_nothing_about_the_file()
    {
        string path = Write(ParquetSample.Of("SELECT i AS id FROM range(1000000) t(i)"));
        using var process = ConversionProcess.Start(RequestFor(path));

        Task reading = process.FollowAsync(
            new ConversionLimits(Plenty, TimeSpan.FromHours(1), NoLimit),
            1,
            () => 0,
            (_, _) =>
            {
                process.Kill();
                return ValueTask.CompletedTask;
            },
            TimeProvider.System,
            Token);

        await Assert.ThrowsAsync<ConversionBrokenException>(() => reading);
    }

    [Fact]
    public async Task One_that_nobody_waits_for_any_more_ends()
    {
        string path = Write(ParquetSample.Of("SELECT i AS id FROM range(1000000) t(i)"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using var process = ConversionProcess.Start(RequestFor(path));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => process.FollowAsync(
            new ConversionLimits(Plenty, TimeSpan.FromHours(1), NoLimit), 1, () => 0, async (_, token) => await stop.CancelAsync(), TimeProvider.System, stop.Token));

        Assert.True(process.HasExited);
    }

    /// <summary>What the file is called, and what the library says of it, is no way out of the folder.</summary>
    [Fact]
    public async Task Nothing_else_can_be_opened()
    {
        string path = Write(ParquetSample.Of("SELECT 1 AS id"));
        string other = Path.Combine(_folder.Path, "x', '") + Path.GetFileName(path);

        string rows = await ReadAsync(RequestFor(path));
        JobFaultException quoted = await Assert.ThrowsAsync<ConversionFaultException>(() => ReadAsync(RequestFor(other)));

        Assert.Equal("[\"id\"]\n[1]\n", rows);
        Assert.Equal("file_unreadable", quoted.Problem.Code);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<string> ReadAsync(ConversionRequest request)
    {
        ConversionDigest? last = null;
        using var process = ConversionProcess.Start(request);
        await process.FollowAsync(
            new ConversionLimits(Plenty, TimeSpan.FromHours(1), NoLimit),
            1,
            () => 0,
            (made, _) =>
            {
                last = made;
                return ValueTask.CompletedTask;
            },
            TimeProvider.System,
            Token);
        byte[] file = await File.ReadAllBytesAsync(request.Target, Token);
        Assert.Equal(new ConversionDigest(file.Length, XxHash128.Hash(file)), last);
        return Encoding.UTF8.GetString(file is [PackedText.FileMark, ..] ? PackedText.OfFile(file) : file);
    }

    private ConversionRequest RequestFor(string path) =>
        new(DataFormat.Parquet, path, new Dictionary<string, WantedForm>(), MemoryBytes: 300 << 20) { Target = Write([]) };

    private string Write(byte[] file)
    {
        string path = Path.Combine(_folder.Path, $"{Guid.CreateVersion7():N}");
        File.WriteAllBytes(path, file);
        return path;
    }
}
