using System.Security.Cryptography;
using PipelineService.Client.Sample;
using PipelineService.Core.Datasets;

namespace PipelineService.Tests.Client;

/// <summary>Benchmarks and tests judge the service by what the generator says, so the generator is judged first.</summary>
public sealed class TripsGeneratorTests
{
    private static readonly TripsOptions Mixed =
        new() { Rows = 5_000, TypeErrorShare = 0.01, RuleErrorShare = 0.01, DuplicateShare = 0.05 };

    [Fact]
    public void Makes_the_same_bytes_whatever_the_buffer()
    {
        Assert.Equal(Digest(Mixed, bufferBytes: 1_024), Digest(Mixed, bufferBytes: 100_000));
    }

    [Fact]
    public void Makes_other_bytes_from_another_seed()
    {
        Assert.NotEqual(Digest(Mixed, bufferBytes: 10_000), Digest(Mixed with { Seed = 2 }, bufferBytes: 10_000));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void Names_the_line_on_which_each_bad_record_starts(string lineEnding)
    {
        (string text, IReadOnlyList<ExpectedReject> rejects) = Make(Mixed with { LineEnding = lineEnding });
        string[] lines = text.Split('\n');

        Assert.NotEmpty(rejects);
        Assert.All(
            rejects.Where(r => r.Code != "unique"),
            r => Assert.StartsWith($"{r.Record},", lines[r.Line - 1], StringComparison.Ordinal));
    }

    [Fact]
    public void Repeats_keys_of_good_records_only()
    {
        (string text, IReadOnlyList<ExpectedReject> rejects) = Make(Mixed);
        string[] lines = text.Split('\n');
        HashSet<long> bad = [.. rejects.Select(r => r.Record)];

        foreach (ExpectedReject reject in rejects.Where(r => r.Code == "unique"))
        {
            long key = long.Parse(lines[reject.Line - 1].Split(',')[0], System.Globalization.CultureInfo.InvariantCulture);
            Assert.InRange(key, 1, reject.Record - 1);
            Assert.DoesNotContain(key, bad);
        }
    }

    [Fact]
    public void Makes_the_same_faults_in_every_format()
    {
        IEnumerable<(long, string, string)> csv = Make(Mixed).Rejects.Select(r => (r.Record, r.Field, r.Code));
        IEnumerable<(long, string, string)> ndjson =
            Make(Mixed with { Format = DataFormat.Ndjson }).Rejects.Select(r => (r.Record, r.Field, r.Code));

        Assert.Equal(csv, ndjson);
    }

    private static (string Text, IReadOnlyList<ExpectedReject> Rejects) Make(TripsOptions options)
    {
        var generator = new TripsGenerator(options);
        byte[] buffer = new byte[options.Rows * TripWriter.RecordBytesMax];
        int length = generator.Fill(buffer);
        return (System.Text.Encoding.UTF8.GetString(buffer, 0, length), generator.ExpectedRejects);
    }

    private static string Digest(TripsOptions options, int bufferBytes)
    {
        var generator = new TripsGenerator(options);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[bufferBytes];
        while (generator.Fill(buffer) is int length and > 0)
        {
            hash.AppendData(buffer, 0, length);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
