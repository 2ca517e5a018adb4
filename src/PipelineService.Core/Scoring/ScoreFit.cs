using System.Collections.Immutable;
using System.Globalization;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Scoring;

/// <summary>Which part of an op does not fit a model.</summary>
public enum ScorePart
{
    /// <summary>What it gives to the model, as a whole.</summary>
    Inputs,

    /// <summary>What it gives to one input or feature.</summary>
    Input,

    /// <summary>What stands for a value that is missing.</summary>
    Default,

    /// <summary>What it takes of the model.</summary>
    Target,
}

/// <summary>Why an op does not fit a model.</summary>
/// <param name="Part">The part.</param>
/// <param name="Name">The input, the default or the field that it is about; null for the whole.</param>
/// <param name="Place">0-based place in the list of fields; null for no place.</param>
/// <param name="Sentence">Why.</param>
public readonly record struct ScoreFault(ScorePart Part, string? Name, int? Place, string Sentence);

/// <summary>What somebody may have meant who mistyped a name, as a sentence to put behind another; empty where nothing is near.</summary>
public delegate string Suggest(string name, IEnumerable<string> names);

/// <summary>Holds what an op says of a model against the model.</summary>
public sealed class ScoreFit
{
    private readonly ModelSignature _model;
    private readonly ScoreUse _use;
    private readonly List<ScoreFault> _faults = [];

    /// <summary>For each input, for each value of a row, the field that gives it; null where none does.</summary>
    private readonly ScoreField?[][] _given;

    private readonly object?[][] _defaults;

    private readonly Suggest _suggest;

    private ScoreFit(ModelSignature model, ScoreUse use, Suggest suggest)
    {
        (_model, _use, _suggest) = (model, use, suggest);
        _given = [.. model.Inputs.Select(input => new ScoreField?[input.Width])];
        _defaults = [.. model.Inputs.Select(input => new object?[input.Width])];
    }

    /// <summary>Brings an op and a version of a model together.</summary>
    /// <param name="suggest">What somebody may have meant who mistyped a name.</param>
    /// <param name="faults">What does not fit; empty: all of it does.</param>
    /// <returns>What goes where; null where there are faults.</returns>
    public static ScoreLayout? Of(ModelSignature model, ScoreUse use, Suggest suggest, out ImmutableArray<ScoreFault> faults)
    {
        ScoreFit fit = new(model, use, suggest);
        foreach (ScoreArgument argument in use.Arguments)
        {
            fit.Place(argument);
        }

        foreach (ScoreDefault otherwise in use.Defaults)
        {
            fit.Place(otherwise);
        }

        fit.FindMissing();
        (ImmutableArray<ModelTensor> outputs, ImmutableArray<ScoreResult> results) = fit.Targets();
        faults = [.. fit._faults];
        return faults.IsEmpty ? new ScoreLayout([.. model.Inputs.Select((tensor, i) => fit.InputOf(tensor, i))], outputs, results) : null;
    }

    /// <summary>The output that is meant, and the place of the value in a row of it; null when there is none.</summary>
    public static (ModelTensor Output, int Place)? Find(ModelSignature model, string text, Suggest suggest, out string? fault)
    {
        fault = null;
        int place = 0;
        bool isPlaced = false;
        ModelTensor? output = model.Outputs.FirstOrDefault(tensor => tensor.Name == text);
        if (output is null && text.EndsWith(']') && text.LastIndexOf('[') is int open and > 0
            && int.TryParse(text.AsSpan(open + 1, text.Length - open - 2), NumberStyles.None, CultureInfo.InvariantCulture, out place))
        {
            output = model.Outputs.FirstOrDefault(tensor => tensor.Name == text[..open]);
            isPlaced = true;
        }

        if (output is null)
        {
            fault = $"The model has no output \"{Excerpt.Of(text)}\".{suggest(text, model.Outputs.Select(tensor => tensor.Name))} It has "
                + $"{Named(model.Outputs)}.";
            return null;
        }

        if (place >= output.Width || (!isPlaced && output.Width > 1))
        {
            fault = string.Create(
                CultureInfo.InvariantCulture,
                $"{output} has {output.Width} values a record: take one of them as \"{output.Name}[0]\" to \"{output.Name}[{output.Width - 1}]\".");
            return null;
        }

        return (output, place);
    }

    /// <summary>The kinds that fields may have which take a value: the first where nothing else says it.</summary>
    public static ImmutableArray<TypedKind> KindsOf(TensorKind kind) => kind switch
    {
        TensorKind.Float or TensorKind.Double => [TypedKind.Number, TypedKind.Float],
        TensorKind.Boolean => [TypedKind.Boolean],
        TensorKind.Text => [TypedKind.Text],
        _ => [TypedKind.Integer, TypedKind.Number, TypedKind.Float],
    };

    private void Place(ScoreArgument argument)
    {
        int input = IndexOf(argument.Name);
        if (input >= 0)
        {
            PlaceInput(argument, input);
            return;
        }

        int feature = _model.Features.IndexOf(argument.Name);
        if (feature < 0)
        {
            Add(
                ScorePart.Input, argument.Name, null,
                $"The model has no input \"{Excerpt.Of(argument.Name)}\".{_suggest(argument.Name, Names)} It takes {Named(_model.Inputs)}"
                + $"{(_model.Features.IsEmpty ? "" : $", with the features {Listed(_model.Features)}")}.");
        }
        else if (argument.IsList)
        {
            Add(ScorePart.Input, argument.Name, null, "A feature is one value: name one field.");
        }
        else
        {
            Give(argument, 0, argument.Fields[0], feature);
        }

        void Give(ScoreArgument to, int input, ScoreField field, int column)
        {
            Check(to, field, null, _model.Inputs[input]);
            if (_given[input][column] is not null)
            {
                Add(ScorePart.Input, to.Name, null, "Is given twice: by the list of the input, and by its name.");
            }

            _given[input][column] = field;
        }
    }

    private void PlaceInput(ScoreArgument argument, int input)
    {
        ModelTensor tensor = _model.Inputs[input];
        if (argument.Fields.Length != tensor.Width)
        {
            Add(
                ScorePart.Input, argument.Name, null,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{tensor} takes {tensor.Width} values a record, and {argument.Fields.Length} are given: list the fields in the order of the model's features."));
            return;
        }

        for (int i = 0; i < tensor.Width; i++)
        {
            Check(argument, argument.Fields[i], argument.IsList ? i : null, tensor);
            _given[input][i] ??= argument.Fields[i];
        }
    }

    private void Check(ScoreArgument argument, ScoreField field, int? place, ModelTensor tensor)
    {
        if (field.Kind is not { } kind)
        {
            return; // told by whoever knows the field
        }

        bool suits = tensor.Kind switch
        {
            TensorKind.Float or TensorKind.Double => kind is TypedKind.Number or TypedKind.Float or TypedKind.Integer or TypedKind.Boolean,
            TensorKind.Int64 or TensorKind.Int32 => kind is TypedKind.Integer or TypedKind.Boolean,
            TensorKind.Boolean => kind is TypedKind.Boolean,
            _ => kind is TypedKind.Text,
        };
        if (!suits)
        {
            Add(
                ScorePart.Input, argument.Name, place,
                $"{tensor} takes no values of \"{Excerpt.Of(field.Name)}\", which {WordOf(kind)}: derive a field that does before this op.");
        }
    }

    private void Place(ScoreDefault otherwise)
    {
        List<(int Input, int Column)> places = [];
        int input = IndexOf(otherwise.Name);
        if (input >= 0)
        {
            places.AddRange(Enumerable.Range(0, _model.Inputs[input].Width).Select(column => (input, column)));
        }
        else if (_model.Features.IndexOf(otherwise.Name) is int feature and >= 0)
        {
            places.Add((0, feature));
        }
        else
        {
            places.AddRange(
                from i in Enumerable.Range(0, _given.Length)
                from column in Enumerable.Range(0, _given[i].Length)
                where _given[i][column]?.Name == otherwise.Name
                select (i, column));
        }

        if (places.Count == 0)
        {
            Add(
                ScorePart.Default, otherwise.Name, null,
                $"\"{Excerpt.Of(otherwise.Name)}\" is neither an input or a feature of the model nor a field that is given to it."
                + _suggest(otherwise.Name, Names.Concat(_use.Arguments.SelectMany(a => a.Fields).Select(f => f.Name))));
            return;
        }

        if (places.Select(place => FaultOf(otherwise.Value, _model.Inputs[place.Input])).OfType<string>().FirstOrDefault() is { } fault)
        {
            Add(ScorePart.Default, otherwise.Name, null, fault);
            return;
        }

        foreach ((int i, int column) in places)
        {
            _defaults[i][column] ??= IsNaN(otherwise.Value) && _model.Inputs[i].Kind != TensorKind.Text ? double.NaN : otherwise.Value;
        }
    }

    private static bool IsNaN(object value) => value is "NaN";

    private static string? FaultOf(object value, ModelTensor tensor) => (tensor.Kind, value) switch
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

    /// <summary>What is given under a name that there is not may be what is missing: then that is told alone.</summary>
    private void FindMissing()
    {
        string[] missing =
        [
            .. from i in Enumerable.Range(0, _given.Length)
               from column in Enumerable.Range(0, _given[i].Length)
               where _given[i][column] is null && _defaults[i][column] is null
               select i == 0 && !_model.Features.IsEmpty ? $"\"{Excerpt.Of(_model.Features[column])}\"" : _model.Inputs[i].ToString(),
        ];
        if (missing.Length > 0 && !_faults.Exists(fault => fault.Part == ScorePart.Input))
        {
            Add(
                ScorePart.Inputs, null, null,
                $"Lacks {Listed(missing.Distinct())}: the model needs a field for each, or a value under \"defaults\" that stands for all records.");
        }
    }

    private (ImmutableArray<ModelTensor> Outputs, ImmutableArray<ScoreResult> Results) Targets()
    {
        List<ModelTensor> outputs = [];
        List<ScoreResult> results = [];
        foreach (ScoreTarget target in _use.Targets)
        {
            if (Find(_model, target.Output, _suggest, out string? fault) is not { } found)
            {
                Add(ScorePart.Target, target.Name, null, fault!);
                continue;
            }

            ImmutableArray<TypedKind> kinds = KindsOf(found.Output.Kind);
            TypedKind kind = target.Kind ?? kinds[0];
            if (!kinds.Contains(kind))
            {
                Add(
                    ScorePart.Target, target.Name, null,
                    $"{found.Output} gives no value that \"{Excerpt.Of(target.Name)}\" can take, which {WordOf(kind)}.");
                continue;
            }

            if (!outputs.Contains(found.Output))
            {
                outputs.Add(found.Output);
            }

            results.Add(new ScoreResult(outputs.IndexOf(found.Output), found.Place, target.Field, kind));
        }

        return ([.. outputs], [.. results]);
    }

    private ScoreInput InputOf(ModelTensor tensor, int input) =>
        new(tensor, [.. Enumerable.Range(0, tensor.Width).Select(column => ColumnOf(_given[input][column], _defaults[input][column]))]);

    private static ScoreColumn ColumnOf(ScoreField? field, object? otherwise) => new(
        field?.Field ?? ScoreColumn.Constant,
        field?.Kind ?? TypedKind.Null,
        otherwise is not null,
        otherwise switch
        {
            double number => number,
            true => 1,
            _ => 0,
        },
        otherwise is string text ? TextSlice.Of(text) : default);

    private IEnumerable<string> Names => _model.Inputs.Select(tensor => tensor.Name).Concat(_model.Features);

    private int IndexOf(string name)
    {
        for (int i = 0; i < _model.Inputs.Length; i++)
        {
            if (_model.Inputs[i].Name == name)
            {
                return i;
            }
        }

        return -1;
    }

    private void Add(ScorePart part, string? name, int? place, string sentence) => _faults.Add(new ScoreFault(part, name, place, sentence));

    private static string Named(ImmutableArray<ModelTensor> tensors) => Listed(tensors.Select(tensor => tensor.ToString()));

    private static string Listed(IEnumerable<string> names)
    {
        const int NamedMax = 10;
        string[] all = [.. names];
        string named = string.Join(", ", all.Take(NamedMax));
        return all.Length <= NamedMax ? named : string.Create(CultureInfo.InvariantCulture, $"{named} and {all.Length - NamedMax} more");
    }

    private static string WordOf(TypedKind kind) => kind switch
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
