using System.Collections.Immutable;
using System.Globalization;
using CsCheck;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions;
using PipelineService.Core.Transforms.Expressions.Running;
using PipelineService.Core.Values;
using Xunit;

namespace PipelineService.Core.Tests.Transforms.Expressions;

/// <summary>The compiler does what the interpreter says.</summary>
public sealed class TwinTests
{
    /// <summary>How many pairs of expression and record; a million by hand.</summary>
    private const string Variable = "PIPELINE_TEST_EXPRESSIONS";

    private const int RecordsPerExpression = 10;

    [Fact]
    public void Compiler_and_interpreter_agree()
    {
        int pairs = int.Parse(Environment.GetEnvironmentVariable(Variable) ?? "3000", CultureInfo.InvariantCulture);
        int results = 0;
        int faults = 0;
        Gen.Int.Sample(
            seed =>
            {
                ExpressionGenerator generator = new(new Random(seed));
                generator.NextRecord();
                GeneratedExpression generated = generator.NextExpression();
                ImmutableArray<ExpressionFault> found =
                    ExpressionCheck.Check(generated.Ours, ExpressionRecord.Scope, expected: null, out CheckedExpression expression);
                if (!found.IsEmpty)
                {
                    Interlocked.Increment(ref faults);
                    return;
                }

                Evaluation compiled = expression.Compile();
                for (int i = 0; i < RecordsPerExpression; i++)
                {
                    string expected = Show((RecordSlots slots, ref TypedValue result) => Interpreter.Evaluate(expression, slots, ref result), generator);
                    Assert.Equal($"{generated.Ours} -> {expected}", $"{generated.Ours} -> {Show(compiled, generator)}");
                    Interlocked.Increment(ref results);
                    generator.NextRecord();
                }
            },
            iter: pairs / RecordsPerExpression,
            threads: 1);

        TestContext.Current.TestOutputHelper?.WriteLine($"{results} pairs agree; {faults} expressions have faults.");
        Assert.True(faults < pairs / RecordsPerExpression / 2, $"{faults} expressions have faults: too many to show much.");
    }

    private static string Show(Evaluation evaluation, ExpressionGenerator generator)
    {
        RecordSlots slots = new();
        generator.Record.Fill(slots);
        TypedValue result = default;
        ExpressionError error = evaluation(slots, ref result);
        return error == ExpressionError.None ? $"{result.Kind} {ExpressionRecord.Show(result)}" : error.ToString();
    }
}
