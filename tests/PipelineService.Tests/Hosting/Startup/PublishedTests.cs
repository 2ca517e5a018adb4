using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Datasets.Models;
using PipelineService.Hosting.Http;
using PipelineService.Spool.Conversion;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Repository;

namespace PipelineService.Tests.Hosting.Startup;

/// <summary>
/// A published folder has the native libraries that build folders have: what needs them is tried in it. <c>PIPELINE_TEST_PUBLISHED</c>
/// names one; <c>.ci/run</c> publishes it.
/// </summary>
public sealed class PublishedTests : IDisposable
{
    private const string Variable = "PIPELINE_TEST_PUBLISHED";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Converts_a_Parquet_file()
    {
        string path = Path.Combine(_folder.Path, "file");
        await File.WriteAllBytesAsync(path, ParquetSample.Of("SELECT 1 AS id, 'a' AS note"), Token);
        string target = Path.Combine(_folder.Path, "rows");
        await File.WriteAllBytesAsync(target, [], Token);
        ConversionRequest request = new(DataFormat.Parquet, path, new Dictionary<string, WantedForm>(), MemoryBytes: 200 << 20) { Target = target };

        byte[] told = await AskAsync([ConverterCommand.Name], Encoding.UTF8.GetBytes($"{request.ToLine()}\n"), isLine: false);

        byte[] rows = await File.ReadAllBytesAsync(target, Token);
        Assert.Equal(rows.Length, ConversionDigest.Read(told.AsSpan(^ConversionDigest.WrittenBytes..)).Bytes);
        Assert.Equal("[\"id\",\"note\"]\n[1,\"a\"]", Encoding.UTF8.GetString(PackedText.OfFile(rows)).TrimEnd('\n'));
    }

    [Fact]
    public async Task Tries_a_model()
    {
        byte[] model = OnnxWriter.Linear(1, [2]);
        byte[] length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, model.Length);

        byte[] verdict = await AskAsync([TrialCommand.Word, $"{1L << 30}", "30"], [.. length, .. model], isLine: true);

        Assert.Null(JsonSerializer.Deserialize<TrialVerdict>(verdict, PipelineJson.Options)!.Fault);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Gives it so much, and reads what it answers.</summary>
    /// <param name="isLine">Whether that is a line; else all until it has ended.</param>
    private static async Task<byte[]> AskAsync(string[] arguments, byte[] given, bool isLine)
    {
        string? folder = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(folder), $"{Variable} names no published folder.");
        ProcessStartInfo start = new("dotnet", ["exec", Path.Combine(RepositoryFiles.Root, folder!, "PipelineService.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(given, Token);
            await process.StandardInput.BaseStream.FlushAsync(Token);
            using MemoryStream answer = new();
            if (isLine)
            {
                answer.Write(Encoding.UTF8.GetBytes(await process.StandardOutput.ReadLineAsync(Token).AsTask().Within("a line") ?? ""));
            }
            else
            {
                await process.StandardOutput.BaseStream.CopyToAsync(answer, Token).Within("an answer");
            }

            return answer.Length > 0
                ? answer.ToArray()
                : throw new InvalidOperationException(await process.StandardError.ReadToEndAsync(Token));
        }
        finally
        {
            process.Kill();
        }
    }
}
