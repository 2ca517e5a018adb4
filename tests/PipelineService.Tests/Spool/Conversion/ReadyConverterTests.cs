using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Spool.Conversion;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>The process that is started before a file is there.</summary>
public sealed class ReadyConverterTests : IDisposable
{
    private const long MemoryBytes = 300 << 20;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DataFormat.Parquet)]
    [InlineData(DataFormat.Arrow)]
    [InlineData(DataFormat.Xlsx)]
    public async Task Converts_one_file_whichever_it_was_ready_for(DataFormat expected)
    {
        using ReadyConverter converters = new(MemoryBytes, _time);
        converters.Prepare(expected);
        converters.Prepare(expected);
        ConversionProcess? ready = await converters.Ready!;

        using ConversionProcess taken = await converters.StartAsync(Request("1"));
        using ConversionProcess other = await converters.StartAsync(Request("2"));

        Assert.Same(ready, taken);
        Assert.NotSame(ready, other);
        Assert.Null(converters.Ready);
        await ReadAsync(taken, "[\"id\"]\n[1]\n", "1");
        await ReadAsync(other, "[\"id\"]\n[2]\n", "2");
    }

    [Fact]
    public async Task One_that_has_died_is_not_asked()
    {
        using ReadyConverter converters = new(MemoryBytes, _time);
        converters.Prepare(DataFormat.Parquet);
        ConversionProcess ready = (await converters.Ready!)!;
        using (var own = Process.GetProcessById(ready.Id))
        {
            own.Kill();
            await own.WaitForExitAsync(Token);
        }

        using ConversionProcess taken = await converters.StartAsync(Request("1"));

        Assert.NotSame(ready, taken);
        await ReadAsync(taken, "[\"id\"]\n[1]\n", "1");
    }

    [Fact]
    public async Task Goes_when_nothing_arrives_any_more_and_with_the_service()
    {
        using ReadyConverter converters = new(MemoryBytes, _time);
        foreach (Action end in (Action[])[() => _time.Advance(ReadyConverter.IdleMax), converters.Dispose])
        {
            converters.Prepare(DataFormat.Arrow);
            using var own = Process.GetProcessById((await converters.Ready!)!.Id);

            end();

            await own.WaitForExitAsync(Token);
            Assert.Null(converters.Ready);
        }

        converters.Prepare(DataFormat.Arrow);
        Assert.Null(converters.Ready);
    }

    public void Dispose() => _folder.Dispose();

    private ConversionRequest Request(string id)
    {
        string path = Path.Combine(_folder.Path, id);
        File.WriteAllBytes(path, ParquetSample.Of($"SELECT {id} AS id"));
        File.WriteAllBytes($"{path}.rows", []);
        return new ConversionRequest(DataFormat.Parquet, path, new Dictionary<string, WantedForm>(), MemoryBytes) { Target = $"{path}.rows" };
    }

    private async Task ReadAsync(ConversionProcess process, string rows, string id)
    {
        await process.FollowAsync(
            new ConversionLimits(2L << 30, TimeSpan.FromHours(1), new DecodedLimits(long.MaxValue, int.MaxValue, long.MaxValue)),
            1, () => 0, (_, _) => ValueTask.CompletedTask, TimeProvider.System, Token);
        byte[] file = await File.ReadAllBytesAsync(Path.Combine(_folder.Path, $"{id}.rows"), Token);
        Assert.Equal(rows, System.Text.Encoding.UTF8.GetString(PackedText.OfFile(file)));
    }
}
