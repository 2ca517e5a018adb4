using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;
using PipelineService.Datasets;
using PipelineService.Datasets.Models;
using PipelineService.Hosting.Http;
using PipelineService.Tests.Infrastructure;
using static PipelineService.Tests.Infrastructure.OnnxWriter;

namespace PipelineService.Tests.Datasets.Models;

/// <summary>Models are tried in a process that may die of them.</summary>
public sealed class ModelTrialsTests
{
    /// <summary>How many damaged files are tried; said by hand for more.</summary>
    private const string Variable = "PIPELINE_DAMAGED_MODELS";

    [Fact]
    public async Task A_good_model_comes_back_with_its_signature()
    {
        using ModelTrials trials = Trials();

        TrialVerdict verdict = await trials.TryAsync(Linear(1, [2, 3]), TestContext.Current.CancellationToken);

        Assert.True(verdict.Signature is { Inputs: [{ Name: "x", Width: 2 }], Outputs: [{ Name: "y" }] }, verdict.Fault);
    }

    /// <summary>Each record of 8,192 beside each other: 256 MiB, and there are 64.</summary>
    [Fact]
    public async Task One_that_takes_too_much_memory_ends_its_process_and_nothing_else()
    {
        byte[] file = Model(Graph(
            [
                Node("Transpose", ["x"], ["t"]), Node("MatMul", ["x", "t"], ["p"]), Node("MatMul", ["p", "p"], ["q"]),
                Node("MatMul", ["q", "x"], ["y"]),
            ],
            [Value("x", OfFloat, -1, 2)],
            [Value("y", OfFloat)]));
        using ModelTrials trials = Trials(bytes: 64 << 20);

        TrialVerdict verdict = await trials.TryAsync(file, TestContext.Current.CancellationToken);

        Assert.Null(verdict.Signature);
        Assert.NotEmpty(verdict.Fault!);
    }

    [Fact]
    public async Task One_that_takes_too_long_is_given_up()
    {
        using ModelTrials trials = Trials(time: TimeSpan.FromMilliseconds(1));

        TrialVerdict verdict = await trials.TryAsync(Linear(1, [2, 3]), TestContext.Current.CancellationToken);

        Assert.Contains("took longer than 0", verdict.Fault, StringComparison.Ordinal);
    }

    /// <summary>The process that tries knows no setting of the service, and so no secret.</summary>
    [Fact]
    public void It_is_told_nothing_that_the_service_was_told()
    {
        Environment.SetEnvironmentVariable("ConnectionStrings__Pipeline__Trial", "secret");

        ProcessStartInfo start = ModelTrials.Describe(1 << 30, TimeSpan.FromSeconds(1));

        Assert.DoesNotContain("ConnectionStrings__Pipeline__Trial", start.Environment.Keys);
        Environment.SetEnvironmentVariable("ConnectionStrings__Pipeline__Trial", null);
    }

    /// <summary>
    /// Files with some bytes that are not theirs, one after the other in one process: each is answered, or the process dies of it and the
    /// next ones are tried by another. What was taken all the same runs here.
    /// </summary>
    [Fact]
    public async Task Damaged_files_cost_nothing_but_the_process_that_tries_them()
    {
        int count = int.Parse(Environment.GetEnvironmentVariable(Variable) ?? "100", CultureInfo.InvariantCulture);
        int seed = Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage("damaged models of seed {0}", seed);
        Random random = new(seed);
        byte[][] good = [Linear(1, [2, 3, 4], ("feature_names", "a,b,c")), Forest(8, trees: 2, depth: 3), OnnxTrialTests.Several()];
        Queue<byte[]> damaged = new(Enumerable.Range(0, count).Select(i => Damage(good[i % good.Length], random)));
        (int taken, int refused, int died) = (0, 0, 0);
        while (damaged.Count > 0)
        {
            using Process process = new() { StartInfo = ModelTrials.Describe(256 << 20, TimeSpan.FromSeconds(60)) };
            process.Start();
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            while (damaged.TryPeek(out byte[]? file) && await AskAsync(process, file) is { } verdict)
            {
                damaged.Dequeue();
                (taken, refused) = verdict.Signature is null ? (taken, refused + 1) : (taken + 1, refused);
                Assert.NotEqual(verdict.Signature is null, verdict.Fault is null);
                if (verdict.Signature is { } signature)
                {
                    using OnnxModel loaded = new(file, signature); // as the service would
                }
            }

            if (damaged.Count > 0)
            {
                died++;
                damaged.Dequeue();
            }

            process.Kill(entireProcessTree: true);
        }

        TestContext.Current.SendDiagnosticMessage("{0} were taken, {1} refused, {2} ended their process", taken, refused, died);
        Assert.Equal(count, taken + refused + died);
        Assert.InRange(refused, count / 4, count);
    }

    /// <returns>Null when the process has died of it.</returns>
    private static async Task<TrialVerdict?> AskAsync(Process process, byte[] file)
    {
        byte[] length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, file.Length);
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(length);
            await process.StandardInput.BaseStream.WriteAsync(file);
            await process.StandardInput.BaseStream.FlushAsync();
        }
        catch (IOException)
        {
            return null;
        }

        string? line = await process.StandardOutput.ReadLineAsync().Within("the verdict on a model");
        return line is null ? null : JsonSerializer.Deserialize<TrialVerdict>(line, PipelineJson.Options);
    }

    private static byte[] Damage(byte[] good, Random random)
    {
        byte[] bytes = [.. good];
        int times = random.Next(1, 5);
        for (int i = 0; i < times; i++)
        {
            int at = random.Next(bytes.Length);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes[at] = random.Next(2) == 0 ? (byte)0xFF : (byte)0;
                    break;
                default:
                    bytes = random.Next(2) == 0 ? bytes[..Math.Max(1, at)] : [.. bytes[..at], .. bytes[random.Next(at)..]];
                    break;
            }
        }

        return bytes;
    }

    private static ModelTrials Trials(long bytes = 1 << 30, TimeSpan? time = null) => new(
        Options.Create(new DatasetsOptions { ModelMemoryBytesMax = bytes, ModelTrialTime = time ?? TimeSpan.FromSeconds(60) }), TimeProvider.System);
}
