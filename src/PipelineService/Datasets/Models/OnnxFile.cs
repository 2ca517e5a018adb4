using System.Text.Json;

namespace PipelineService.Datasets.Models;

/// <summary>
/// Looks through a file of a model before anything else reads it: whether all of it is in the file, and whether it has only operators that
/// are run here. Reads protobuf by itself, without building anything of it.
/// </summary>
/// <remarks>Numbers of fields: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.</remarks>
internal sealed class OnnxFile
{
    /// <summary>How the model says what the values of its only input are called.</summary>
    private const string FeatureNames = "feature_names";

    /// <summary>More than any model has that is served.</summary>
    private const int NodesMax = 100_000;

    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ofRecords = new(StringComparer.Ordinal);
    private readonly HashSet<string> _constants = new(StringComparer.Ordinal);
    private bool _hasOperators;
    private int _nodes;

    private OnnxFile()
    {
    }

    /// <summary>What the values of the only input are called; empty where the file does not say.</summary>
    public IReadOnlyList<string> Features { get; private set; } = [];

    /// <summary>Looks a file through.</summary>
    /// <param name="bytes">All of it.</param>
    /// <param name="fault">Why it is refused, as sentences.</param>
    /// <returns>Null when it is refused.</returns>
    public static OnnxFile? Read(ReadOnlySpan<byte> bytes, out string? fault)
    {
        try
        {
            OnnxFile file = new();
            fault = file.FaultOf(bytes);
            return fault is null ? file : null;
        }
        catch (MalformedModelException e)
        {
            fault = $"It is no ONNX model: {e.Message}";
            return null;
        }
    }

    private string? FaultOf(ReadOnlySpan<byte> bytes)
    {
        WireReader model = new(bytes);
        bool hasGraph = false;
        string? fault = null;
        while (fault is null && model.Read())
        {
            switch (model.Field)
            {
                case 7:
                    fault = hasGraph ? "It has more than one graph." : FaultOfGraph(model.Message);
                    hasGraph = true;
                    break;
                case 8:
                    _hasOperators = true;
                    break;
                case 14:
                    ReadMetadata(model.Message);
                    break;
                case 20:
                    fault = "It holds what it is trained with: export it for inference.";
                    break;
                case 25:
                    fault = "It has functions of its own: export it with the operators of ai.onnx and ai.onnx.ml alone.";
                    break;
            }
        }

        return fault ?? (!hasGraph || !_hasOperators ? "It is no ONNX model: it has no graph, or does not say which operators it is made of." : null);
    }

    private string? FaultOfGraph(WireReader graph)
    {
        // What is constant, and what comes of records, is known before the operators that use it are looked at.
        WireReader first = graph;
        List<string> inputs = [];
        while (first.Read())
        {
            switch (first.Field)
            {
                case 5 when FaultOfTensor(first.Message, _constants) is string fault:
                    return fault;
                case 15:
                    return "It has sparse tensors, which are not run.";
                case 11:
                    inputs.Add(NameIn(first.Message, 1));
                    break;
            }
        }

        _known.UnionWith(_constants);
        _known.UnionWith(inputs);
        _ofRecords.UnionWith(inputs.Except(_constants));
        while (graph.Read())
        {
            if (graph.Field == 1 && FaultOfNode(graph.Message) is string fault)
            {
                return fault;
            }
        }

        return null;
    }

    private string? FaultOfNode(WireReader node)
    {
        List<string> inputs = [];
        List<string> outputs = [];
        string type = "";
        string domain = "";
        WireReader look = node;
        while (look.Read())
        {
            switch (look.Field)
            {
                case 1:
                    inputs.Add(look.Text);
                    break;
                case 2:
                    outputs.Add(look.Text);
                    break;
                case 4:
                    type = look.Text;
                    break;
                case 7:
                    domain = look.Text;
                    break;
            }
        }

        if (++_nodes > NodesMax)
        {
            return $"It has more than {NodesMax:N0} operators.";
        }

        if (OnnxOperators.FaultOf(domain, type) is string refused)
        {
            return refused;
        }

        while (node.Read())
        {
            if (node.Field == 5 && FaultOfAttribute(node.Message, type) is string fault)
            {
                return fault;
            }
        }

        return FaultOfFlow(domain, type, inputs, outputs);
    }

    private string? FaultOfFlow(string domain, string type, List<string> inputs, List<string> outputs)
    {
        bool isOfRecords = false;
        for (int i = 0; i < inputs.Count; i++)
        {
            if (inputs[i].Length > 0 && !_known.Contains(inputs[i]))
            {
                return $"Its operators are not in order: {type} takes \"{Core.Rules.Excerpt.Of(inputs[i])}\", which nothing before it gives.";
            }

            if (_ofRecords.Contains(inputs[i]))
            {
                isOfRecords = true;
                if (OnnxOperators.DecidesSize(domain, type, i))
                {
                    return $"The values of records decide how much its operator {type} gives: nobody could say how much memory a record takes.";
                }
            }
        }

        foreach (string output in outputs.Where(output => output.Length > 0))
        {
            if (!_known.Add(output))
            {
                return $"It gives \"{Core.Rules.Excerpt.Of(output)}\" twice.";
            }

            if (isOfRecords && !OnnxOperators.LooksAtSizesOnly(domain, type))
            {
                _ofRecords.Add(output);
            }
        }

        return null;
    }

    private static string? FaultOfAttribute(WireReader attribute, string type)
    {
        while (attribute.Read())
        {
            switch (attribute.Field)
            {
                case 6 or 11:
                    return $"Its operator {type} has a graph of its own: loops and branches are not run.";
                case 22 or 23:
                    return "It has sparse tensors, which are not run.";
                case 21 when !attribute.Bytes.IsEmpty:
                    return "It has functions of its own: export it with the operators of ai.onnx and ai.onnx.ml alone.";
                case 5 or 10 when FaultOfTensor(attribute.Message, names: null) is string fault:
                    return fault;
            }
        }

        return null;
    }

    private static string? FaultOfTensor(WireReader tensor, HashSet<string>? names)
    {
        while (tensor.Read())
        {
            switch (tensor.Field)
            {
                case 8:
                    names?.Add(tensor.Text);
                    break;
                case 13 or 14 when tensor.IsDelimited || tensor.Number != 0:
                    return "It keeps values in other files: export it into one file (onnx.save_model(model, path, save_as_external_data=False)).";
            }
        }

        return null;
    }

    private void ReadMetadata(WireReader entry)
    {
        string key = "";
        string value = "";
        while (entry.Read())
        {
            if (entry.Field == 1)
            {
                key = entry.Text;
            }
            else if (entry.Field == 2 && key == FeatureNames)
            {
                value = entry.Text;
            }
        }

        if (key == FeatureNames)
        {
            Features = FeaturesIn(value);
        }
    }

    /// <summary>A JSON array of texts, or names with commas between.</summary>
    private static string[] FeaturesIn(string text)
    {
        if (!text.TrimStart().StartsWith('['))
        {
            return [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        }

        try
        {
            return JsonSerializer.Deserialize<string[]>(text) is { } names && names.All(name => name is not null) ? names : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static string NameIn(WireReader message, int field)
    {
        string name = "";
        while (message.Read())
        {
            if (message.Field == field)
            {
                name = message.Text;
            }
        }

        return name;
    }
}
