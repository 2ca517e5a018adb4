using System.Collections.Immutable;
using System.Globalization;
using PipelineService.Core.Values;

namespace PipelineService.Core.Scoring;

/// <summary>Which kinds of values models and fields have in common, and how messages call them.</summary>
public static class ScoreKinds
{
    /// <summary>The kinds that fields may have which take a value: the first where nothing else says it.</summary>
    public static ImmutableArray<TypedKind> Of(TensorKind kind) => kind switch
    {
        TensorKind.Float or TensorKind.Double => [TypedKind.Number, TypedKind.Float],
        TensorKind.Boolean => [TypedKind.Boolean],
        TensorKind.Text => [TypedKind.Text],
        _ => [TypedKind.Integer, TypedKind.Number, TypedKind.Float],
    };

    /// <summary>Whether an input takes values of a kind.</summary>
    public static bool Takes(TensorKind input, TypedKind kind) => input switch
    {
        TensorKind.Float or TensorKind.Double => kind is TypedKind.Number or TypedKind.Float or TypedKind.Integer or TypedKind.Boolean,
        TensorKind.Int64 or TensorKind.Int32 => kind is TypedKind.Integer or TypedKind.Boolean,
        TensorKind.Boolean => kind is TypedKind.Boolean,
        _ => kind is TypedKind.Text,
    };

    /// <summary>Whether a default stands for "not a number".</summary>
    public static bool IsNaN(object value) => value is "NaN";

    /// <summary>Why a default is none of an input; null when it is one.</summary>
    public static string? FaultOf(object value, ModelTensor tensor) => (tensor.Kind, value) switch
    {
        (TensorKind.Float or TensorKind.Double or TensorKind.Int64 or TensorKind.Int32, bool) => null,
        (TensorKind.Float or TensorKind.Double, double) => null,
        (TensorKind.Float or TensorKind.Double, _) when IsNaN(value) => null,
        (TensorKind.Int64, double number) when double.IsInteger(number) && Math.Abs(number) < 1L << 53 => null,
        (TensorKind.Int32, double number) when double.IsInteger(number) && Math.Abs(number) <= int.MaxValue => null,
        (TensorKind.Int64 or TensorKind.Int32, _) => $"{tensor} takes a whole number.",
        (TensorKind.Boolean, bool) => null,
        (TensorKind.Boolean, _) => $"{tensor} takes true or false.",
        (TensorKind.Text, string) => null,
        (TensorKind.Text, _) => $"{tensor} takes a text.",
        _ => $"{tensor} takes a number, or \"NaN\" where the model knows that as a missing value.",
    };

    /// <summary>Tensors, to stand in a sentence.</summary>
    public static string Named(ImmutableArray<ModelTensor> tensors) => Listed(tensors.Select(tensor => tensor.ToString()));

    /// <summary>Names, to stand in a sentence; of many only some.</summary>
    public static string Listed(IEnumerable<string> names)
    {
        const int NamedMax = 10;
        string[] all = [.. names];
        string named = string.Join(", ", all.Take(NamedMax));
        return all.Length <= NamedMax ? named : string.Create(CultureInfo.InvariantCulture, $"{named} and {all.Length - NamedMax} more");
    }

    /// <summary>What the values of a field are, to stand behind its name.</summary>
    public static string WordOf(TypedKind kind) => kind switch
    {
        TypedKind.Text => "is a text",
        TypedKind.Integer => "is a whole number",
        TypedKind.Number => "is a number",
        TypedKind.Float => "is a floating-point number",
        TypedKind.Boolean => "is true or false",
        TypedKind.Json => "is JSON",
        _ => "is a date or a time",
    };
}
