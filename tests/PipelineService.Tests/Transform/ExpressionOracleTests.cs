using System.Collections.Immutable;
using System.Globalization;
using Npgsql;
using PipelineService.Core.Rules;
using PipelineService.Core.Tests.Transforms.Expressions;
using PipelineService.Core.Transforms.Expressions;
using PipelineService.Core.Values;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Transform;

/// <summary>An expression means what PostgreSQL says that it means: generated ones are computed by both.</summary>
public sealed class ExpressionOracleTests(EmptyTestDatabase database) : IClassFixture<EmptyTestDatabase>
{
    /// <summary>How many pairs of expression and record; 100,000 by hand.</summary>
    private const string Variable = "PIPELINE_TEST_EXPRESSION_ORACLE";

    private const string SeedVariable = "PIPELINE_TEST_SEED";
    private const int PairsPerStatement = 500;
    private const int DifferencesShown = 20;

    private const string Refused = "error ";

    /// <summary>Computes each by itself, so that an error is that of one.</summary>
    private const string Prepare = """
        SET TimeZone = 'UTC'; SET DateStyle = 'ISO';
        CREATE FUNCTION pg_temp.try_compute(expression text) RETURNS text LANGUAGE plpgsql AS $$
        DECLARE result text;
        BEGIN
            EXECUTE 'SELECT (' || expression || ')::text' INTO result;
            RETURN result;
        EXCEPTION WHEN OTHERS THEN
            RETURN 'error ' || SQLSTATE || ' ' || SQLERRM;
        END $$
        """;

    /// <summary>What PostgreSQL has more room for than expressions have.</summary>
    private static readonly ExpressionError[] Bounds =
        [ExpressionError.NumberOverflow, ExpressionError.DateOutOfRange, ExpressionError.TextTooLong, ExpressionError.ZoneUnknown, ExpressionError.NotADate];

    [Fact]
    public async Task An_expression_gives_what_PostgreSQL_gives()
    {
        int pairs = int.Parse(Environment.GetEnvironmentVariable(Variable) ?? "2000", CultureInfo.InvariantCulture);
        string? told = Environment.GetEnvironmentVariable(SeedVariable);
        int seed = told is null ? Random.Shared.Next() : int.Parse(told, CultureInfo.InvariantCulture);
        ExpressionGenerator generator = new(new Random(seed));
        await using NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using (NpgsqlCommand prepare = new(Prepare, connection))
        {
            await prepare.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        List<string> differences = [];
        int same = 0;
        int bounded = 0;
        int refused = 0;
        for (int done = 0; done < pairs; done += PairsPerStatement)
        {
            Pair[] batch = [.. Enumerable.Range(0, PairsPerStatement).Select(_ => Next(generator))];
            string?[] theirs = await ComputeAsync(connection, [.. batch.Select(pair => pair.Sql)]);
            for (int i = 0; i < batch.Length; i++)
            {
                Verdict verdict = Compare(batch[i], theirs[i]);
                same += verdict == Verdict.Same ? 1 : 0;
                refused += verdict == Verdict.BothRefuse ? 1 : 0;
                bounded += verdict == Verdict.Bounded ? 1 : 0;
                if (verdict == Verdict.Different)
                {
                    differences.Add($"{batch[i].Ours}\n   ours {batch[i].Result ?? "null"}, PostgreSQL {theirs[i] ?? "null"}\n   {batch[i].Sql}");
                }
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{SeedVariable}={seed}: {same} the same, {refused} refused by both, {bounded} beyond the bounds of expressions.");
        Assert.True(
            differences.Count == 0,
            $"{SeedVariable}={seed}, {differences.Count} differ:\n{string.Join('\n', differences.Take(DifferencesShown))}");
        Assert.True(same > pairs / 2, $"Only {same} of {pairs} have a result: too few to show much.");
    }

    private static Pair Next(ExpressionGenerator generator)
    {
        while (true)
        {
            ExpressionRecord record = generator.NextRecord();
            GeneratedExpression generated = generator.NextExpression();
            ImmutableArray<ExpressionFault> faults =
                ExpressionCheck.Check(generated.Ours, ExpressionRecord.Scope, expected: null, out CheckedExpression expression);
            if (!faults.IsEmpty)
            {
                continue;
            }

            RecordSlots slots = new();
            record.Fill(slots);
            TypedValue result = default;
            ExpressionError error = expression.Compile()(slots, ref result);
            return new(generated.Ours, generated.Sql, expression.Kind, error, error == ExpressionError.None ? ExpressionRecord.Show(result) : $"{Refused}{error}");
        }
    }

    private static async Task<string?[]> ComputeAsync(NpgsqlConnection connection, string[] expressions)
    {
        await using NpgsqlCommand command = new(
            "SELECT pg_temp.try_compute(e) FROM unnest($1::text[]) WITH ORDINALITY AS t(e, n) ORDER BY n", connection);
        command.Parameters.AddWithValue(expressions);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        List<string?> results = [];
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            results.Add(await reader.IsDBNullAsync(0, TestContext.Current.CancellationToken) ? null : reader.GetString(0));
        }

        return [.. results];
    }

    private static Verdict Compare(Pair pair, string? theirs)
    {
        bool isRefused = theirs?.StartsWith(Refused, StringComparison.Ordinal) == true;
        if (pair.Error != ExpressionError.None)
        {
            return isRefused ? Verdict.BothRefuse : Bounds.Contains(pair.Error) ? Verdict.Bounded : Verdict.Different;
        }

        return pair.Result == theirs || (pair.Kind == TypedKind.Float && theirs is not null && !isRefused && IsSameFloat(pair.Result!, theirs))
            ? Verdict.Same
            : Verdict.Different;
    }

    private static bool IsSameFloat(string ours, string theirs) =>
        BitConverter.DoubleToInt64Bits(double.Parse(ours, CultureInfo.InvariantCulture))
        == BitConverter.DoubleToInt64Bits(double.Parse(theirs, CultureInfo.InvariantCulture));

    private enum Verdict
    {
        Same,
        BothRefuse,
        Bounded,
        Different,
    }

    private sealed record Pair(string Ours, string Sql, TypedKind Kind, ExpressionError Error, string? Result);
}
