using System.Globalization;
using System.IO.Compression;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Profiles;
using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Profiles;

/// <summary>
/// Rows that are known, taken in by three sessions and merged: what is exact is exact, what is estimated is as near as it says.
/// </summary>
public sealed class JobProfileTests
{
    /// <summary>Said by hand: 1,000,000 rows, say.</summary>
    private const string Variable = "PIPELINE_PROFILE_ROWS";

    private static readonly int Rows = int.Parse(Environment.GetEnvironmentVariable(Variable) ?? "100000", CultureInfo.InvariantCulture);

    private static readonly FieldDefinition[] Fields =
    [
        new() { Name = "id", Type = FieldType.Integer },
        new() { Name = "price", Type = FieldType.Number },
        new() { Name = "weight", Type = FieldType.Number, SqlType = new SqlType(SqlTypeName.DoublePrecision) },
        new() { Name = "day", Type = FieldType.Date },
        new() { Name = "at", Type = FieldType.DateTime },
        new() { Name = "paid", Type = FieldType.Boolean },
        new() { Name = "city", Type = FieldType.String },
        new() { Name = "code", Type = FieldType.String },
        new() { Name = "extra", Type = FieldType.Object },
    ];

    private static readonly string[] Cities = ["Bern", "Zürich", "Genève", "Basel", "Lugano"];

    private static readonly RowPlan Plan = new(new DatasetDefinition
    {
        Schema = new TableSchema { Fields = [.. Fields] },
        Load = new LoadPolicy { Table = new TableName("public", "t"), Lineage = true },
        Profile = true,
    });

    [Fact]
    public void A_dataset_that_does_not_ask_for_it_has_none() =>
        Assert.Null(ProfilePlan.Of(new RowPlan(Plan.Definition with { Profile = false })));

    [Fact]
    public void What_is_exact_is_exact_and_what_is_estimated_is_near()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        Random random = new(seed);
        ProfilePlan plan = ProfilePlan.Of(Plan)!;
        JobProfile[] sessions = [new(plan), new(plan), new(plan)];
        RowBuffer rows = new();
        long idSum = 0, nulls = 0, lengths = 0, sampled = 0;
        decimal priceSum = 0;
        (decimal Least, decimal Greatest) price = (decimal.MaxValue, decimal.MinValue);
        DateOnly first = DateOnly.MaxValue, last = DateOnly.MinValue;
        Dictionary<string, long> cities = [];
        for (int record = 1; record <= Rows; record++)
        {
            decimal amount = Math.Round((decimal)((random.NextDouble() * 2_000) - 500), random.Next(4));
            DateOnly day = new DateOnly(2020, 1, 1).AddDays(random.Next(2_000));
            string city = random.Next(50) == 0 ? $"village {random.Next(Rows)}" : Cities[random.Next(random.Next(Cities.Length) + 1)];
            bool hasNoWeight = random.Next(10) == 0;
            string?[] values =
            [
                $"{record}", amount.ToString(CultureInfo.InvariantCulture), hasNoWeight ? null : "2.5",
                day.ToString("O", CultureInfo.InvariantCulture), $"{day:O}T12:00:00Z", random.Next(4) == 0 ? "true" : "false", city,
                $"AB-{random.Next(10_000):D4}", """{"a":1}""",
            ];
            Add(rows, record, values);
            idSum += record;
            priceSum += amount;
            price = (Math.Min(price.Least, amount), Math.Max(price.Greatest, amount));
            (first, last) = (day < first ? day : first, day > last ? day : last);
            nulls += hasNoWeight ? 1 : 0;
            lengths += city.Length;
            if (ProfilePlan.IsSampled(record))
            {
                sampled++;
                cities[city] = cities.GetValueOrDefault(city) + 1;
            }

            if (rows.Count == 1_000 || record == Rows)
            {
                // Every chunk has a row that the table has refused.
                Add(rows, record, ["-5", "-99999", "-1", "1900-01-01", "1900-01-01T00:00:00Z", "true", "refused", "X", "{}"]);
                sessions[random.Next(3)].Add(rows, [rows.Count - 1]);
                rows.Clear();
            }
        }

        sessions[0].Merge(sessions[1]);
        sessions[0].Merge(JobProfile.TryRead(plan, sessions[2].ToBytes())!); // as a later attempt has it of an earlier one
        var profile = ProfileSummary.Of(sessions[0], [new RejectCount("minimum", "price", 3)]);

        Assert.Equal((Rows, sampled), (profile.Rows, profile.Sampled));
        ColumnSummary Of(string name) => profile.Columns.Single(column => column.Name == name);
        Assert.Equal((Rows, 0, "1", $"{Rows}", $"{idSum}"), (Of("id").Values, Of("id").Nulls, Of("id").Min, Of("id").Max, Of("id").Sum));
        Assert.Equal((double)idSum / Rows, Of("id").Mean!.Value, 6);
        Assert.Equal(price.Least, decimal.Parse(Of("price").Min!, CultureInfo.InvariantCulture));
        Assert.Equal(price.Greatest, decimal.Parse(Of("price").Max!, CultureInfo.InvariantCulture));
        Assert.Equal(priceSum, decimal.Parse(Of("price").Sum!, CultureInfo.InvariantCulture));
        Assert.Equal([new RejectedValues("minimum", 3)], Of("price").Rejects);
        Assert.Equal((nulls, Rows - nulls, "2.5", "2.5"), (Of("weight").Nulls, Of("weight").Values, Of("weight").Min, Of("weight").Max));
        Assert.Equal(2.5 * (Rows - nulls), double.Parse(Of("weight").Sum!, CultureInfo.InvariantCulture));
        Assert.Equal(($"{first:yyyy-MM-dd}", $"{last:yyyy-MM-dd}"), (Of("day").Min, Of("day").Max));
        Assert.StartsWith($"{first:yyyy-MM-dd}", Of("at").Min, StringComparison.Ordinal);
        Assert.Equal(("Basel", lengths), (Of("city").Min, Of("city").Lengths!.Sum));
        Assert.Equal((7, 7), (Of("code").Lengths!.Min, Of("code").Lengths!.Max));
        Assert.Equal((null, null, (string?)null), (Of("extra").Top, Of("extra").Min, Of("extra").Sum));
        Assert.Equal(new LengthSummary(8, 8, 8L * Rows, 8), Of("extra").Lengths);

        // Of every row: within 3 %, which is 3.7 standard errors; one of five thousand is not.
        Assert.InRange(Of("id").Distinct, Rows * 0.97, Rows * 1.03);
        Assert.InRange(Of("day").Distinct, 2_000 * 0.97, 2_000 * 1.03);
        Assert.Equal((2, 1), (Of("paid").Distinct, Of("extra").Distinct));

        // Of the sample.
        FrequentSummary top = Of("city").Top!;
        Assert.InRange(top.TooLowBy, 0, sampled / 100);
        Assert.All(
            cities.Where(city => city.Value > sampled / 100),
            city => Assert.InRange(city.Value - top.Values.Single(value => value.Value == city.Key).Count, 0, top.TooLowBy));
        Assert.Equal("Bern", top.Values[0].Value);
        Assert.Equal([new FrequentText("A+-9+", sampled)], Of("code").Patterns!.Values);
        Assert.True(Of("paid").Top!.Complete);
        Assert.InRange(Of("id").Quantiles!["p50"], Rows * 0.47, Rows * 0.53);
        Assert.InRange(Of("price").Quantiles!["p95"], 1_350, 1_450);
        Assert.InRange(sampled, Rows / 8 * 0.95, Rows / 8 * 1.05);
    }

    [Fact]
    public void Nothing_is_told_of_values_that_are_personal()
    {
        RowPlan plan = new(Plan.Definition, [new HidingStep { Hides = [1, 6] }]);
        JobProfile profile = new(ProfilePlan.Of(plan)!);
        RowBuffer rows = new();
        for (int record = 1; record <= 100; record++)
        {
            Add(rows, record, [$"{record}", "7.5", null, null, null, null, "secret", "c", null]);
        }

        profile.Add(rows, []);

        var summary = ProfileSummary.Of(profile, []);
        foreach (ColumnSummary column in (ColumnSummary[])[summary.Columns[1], summary.Columns[6]])
        {
            Assert.Equal((true, 100, 0, 1), (column.Hidden, column.Values, column.Nulls, column.Distinct));
            Assert.Equal((null, null, null, null), (column.Min, column.Max, column.Sum, column.Mean));
            Assert.Equal((null, null, null), (column.Top, column.Patterns, column.Quantiles));
        }

        Assert.Equal(-1, Unpacked(profile).AsSpan().IndexOf("secret"u8));
    }

    [Fact]
    public void No_row_allocates_once_a_profile_is_warm()
    {
        JobProfile profile = new(ProfilePlan.Of(Plan)!);
        RowBuffer rows = new();
        for (int record = 1; record <= 1_000; record++)
        {
            string city = $"city {record % 20}";
            Add(rows, record, [$"{record % 50}", "1.5", "2.5", "2026-01-01", "2026-01-01T00:00:00Z", "true", city, "AB-1", "{}"]);
        }

        Assert.Equal(0, Allocations.Of(() => profile.Add(rows, [])));
    }

    [Fact]
    public void What_another_version_has_kept_is_not_read()
    {
        ProfilePlan plan = ProfilePlan.Of(Plan)!;
        byte[] bytes = new JobProfile(plan).ToBytes();
        Assert.NotNull(JobProfile.TryRead(plan, bytes));
        bytes[0]++;
        Assert.Null(JobProfile.TryRead(plan, bytes));
        Assert.Null(JobProfile.TryRead(plan, []));
    }

    [Fact]
    public void Numbers_without_end_are_counted_apart()
    {
        JobProfile profile = new(ProfilePlan.Of(Plan)!);
        RowBuffer rows = new();
        Add(rows, 1, [null, "NaN", "INF", null, null, null, null, null, null]);
        Add(rows, 2, [null, "3", "-INF", null, null, null, null, null, null]);
        profile.Add(rows, []);

        var summary = ProfileSummary.Of(profile, []);
        (ColumnSummary price, ColumnSummary weight) = (summary.Columns[1], summary.Columns[2]);
        Assert.Equal((1L, "3", "3", "3"), (price.NotFinite, price.Min, price.Max, price.Sum));
        Assert.Equal((2L, null, null, (double?)null), (weight.NotFinite, weight.Min, weight.Sum, weight.Mean));
    }

    /// <summary>What a session leaves for a later attempt.</summary>
    private static byte[] Unpacked(JobProfile profile)
    {
        using MemoryStream packed = new(profile.ToBytes()[1..]), bytes = new();
        using ZLibStream zlib = new(packed, CompressionMode.Decompress);
        zlib.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static void Add(RowBuffer rows, long record, string?[] values)
    {
        rows.BeginRow(Plan.ColumnCount);
        for (int i = 0; i < values.Length; i++)
        {
            RecordErrorCode code = values[i] is not { } text ? Plan.Columns[i].EncodeMissing(rows)
                : Fields[i].Type == FieldType.Object ? Plan.Columns[i].EncodeJson(ValueKind.Object, Bytes(text), rows)
                : Plan.Columns[i].Encode(Bytes(text), rows);
            Assert.Equal(RecordErrorCode.None, code);
        }

        rows.WriteBytesField(new byte[16]);
        rows.WriteInt64Field(record);
        rows.EndRow(record, record, 0, 0);
    }

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private sealed class HidingStep : RecordStep
    {
        public override StepResult Apply(OpenRecord record) => StepResult.Kept;
    }
}
